// What part of the layout is in view: screen = (layout - origin) × zoom, in CSS pixels.

export const LEAST_ZOOM = 0.01;
export const MOST_ZOOM = 1.4;
/** Head, foot and the padding around the picture, in pixels. */
const CHROME = 132;

export interface View {
  x: number;
  y: number;
  zoom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export function clampZoom(zoom: number): number {
  return Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, zoom));
}

/**
 * The view that shows all of `extent` in `size`, never larger than life. Under the `least` zoom it
 * does not go: then it shows the beginning, left and top.
 */
export function fit(extent: Size, size: Size, padding = 24, least = LEAST_ZOOM): View {
  if (extent.width === 0 || size.width === 0) return { x: 0, y: 0, zoom: 1 };
  const zoom = Math.max(
    least,
    clampZoom(
      Math.min(
        1,
        (size.width - 2 * padding) / extent.width,
        (size.height - 2 * padding) / extent.height,
      ),
    ),
  );
  const start = (whole: number, room: number): number =>
    whole * zoom > room ? -padding / zoom : whole / 2 - room / zoom / 2;
  return { x: start(extent.width, size.width), y: start(extent.height, size.height), zoom };
}

/** Height in a cell of an explorer of a width, so that its first picture can be read; 420 to 720 px. */
export function suitedHeight(extent: Size, width: number): number {
  const tall = extent.height * Math.min(1, (width - 48) / extent.width);
  return Math.round(Math.min(720, Math.max(420, tall + CHROME)));
}

/** Zooms about a point of the screen, which stays where it is. */
export function zoomAt(view: View, zoom: number, px: number, py: number): View {
  const next = clampZoom(zoom);
  return {
    x: view.x + px / view.zoom - px / next,
    y: view.y + py / view.zoom - py / next,
    zoom: next,
  };
}

/** The view with a point of the layout in the middle. */
export function centred(x: number, y: number, zoom: number, size: Size): View {
  return { x: x - size.width / zoom / 2, y: y - size.height / zoom / 2, zoom };
}

/** Between two views, so that the motion looks even: zoom in its logarithm, the centre in place. */
export function between(from: View, to: View, size: Size, t: number): View {
  const zoom = from.zoom * Math.pow(to.zoom / from.zoom, t);
  const fx = from.x + size.width / from.zoom / 2;
  const fy = from.y + size.height / from.zoom / 2;
  const tx = to.x + size.width / to.zoom / 2;
  const ty = to.y + size.height / to.zoom / 2;
  return centred(fx + (tx - fx) * t, fy + (ty - fy) * t, zoom, size);
}

/** `cubic-bezier(.2, 0, 0, 1)` at `t`, by Newton's steps on its x. */
export function ease(t: number): number {
  if (t <= 0) return 0;
  if (t >= 1) return 1;
  let s = t;
  for (let i = 0; i < 6; i++) {
    const x = 0.6 * s * (1 - s) * (1 - s) + s * s * s - t;
    const slope = 0.6 * (1 - s) * (1 - 3 * s) + 3 * s * s;
    s = Math.min(1, Math.max(0, s - x / Math.max(slope, 0.05)));
  }
  return s * s * (3 - 2 * s);
}

/** Level of detail with 5 % hysteresis, so that it does not flicker at a threshold. */
export type Level = 'far' | 'mid' | 'near';

export function level(zoom: number, before: Level | null): Level {
  const far = before === 'far' ? 0.28 * 1.05 : 0.28 / (before === null ? 1 : 1.05);
  const mid = before === 'near' ? 0.62 / 1.05 : 0.62 * (before === null ? 1 : 1.05);
  if (zoom < far) return 'far';
  return zoom < mid ? 'mid' : 'near';
}
