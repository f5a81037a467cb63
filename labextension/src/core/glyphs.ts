// Our own glyphs and icons, one description for the canvas and for the page.

import type { State } from '../wire';

interface Stroke {
  readonly d: string;
  /** Width of the stroke; filled where it is absent. */
  readonly width?: number;
  /** Drawn in the colour of the ground instead of the glyph's own. */
  readonly ground?: boolean;
  readonly dash?: readonly number[];
}

const ring = (r: number, cx = 6, cy = 6): string =>
  `M${cx - r} ${cy}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;

/** On a grid of 12. */
export const GLYPHS: Readonly<Record<State, readonly Stroke[]>> = {
  fresh: [{ d: ring(5.5) }, { d: 'M3.5 6.2 5.3 8 8.6 4.2', width: 1.5, ground: true }],
  cached: [
    {
      d: 'M1.2 2.7C1.2 1.5 3.3.7 6 .7s4.800.8 4.800 2v6.600c0 1.200-2.100 2-4.800 2s-4.800-.8-4.800-2z',
    },
    {
      d: 'M1.200 3.300c.4 1 2.300 1.700 4.800 1.700s4.400-.7 4.800-1.700M1.200 6.600c.4 1 2.300 1.700 4.800 1.700s4.400-.7 4.800-1.700',
      width: 1,
      ground: true,
    },
  ],
  stale: [{ d: ring(4.7), width: 1.6 }, { d: 'M6 1.300a4.700 4.700 0 0 0 0 9.400z' }],
  queued: [{ d: ring(1.5, 2) }, { d: ring(1.5) }, { d: ring(1.5, 10) }],
  running: [{ d: 'M8.300 2.020A4.600 4.600 0 1 1 3.700 2.020', width: 1.8 }, { d: ring(1.5) }],
  error: [
    { d: 'M3.700.5h4.600l3.200 3.200v4.600l-3.200 3.200H3.700L.5 8.300V3.700z' },
    { d: 'M4.100 4.100 7.900 7.900M7.900 4.100 4.100 7.900', width: 1.5, ground: true },
  ],
  input: [{ d: 'M1 2.300h6L11 6 7 9.700H1z', width: 1.4 }],
  unbound: [
    { d: ring(5), width: 1.1, dash: [2, 1.5] },
    {
      d: 'M4.500 4.700a1.500 1.500 0 1 1 2.300 1.300c-.5.300-.8.600-.8 1.100M6 8.900v.1',
      width: 1.2,
    },
  ],
  new: [{ d: ring(4.2), width: 1.2, dash: [1.5, 1.9] }],
};

/** On a grid of 16. */
export const ICONS = {
  search: [{ d: `${ring(4.5, 7, 7)}M10.400 10.400 14 14`, width: 1.3 }],
  plus: [{ d: 'M8 3v10M3 8h10', width: 1.3 }],
  minus: [{ d: 'M3 8h10', width: 1.3 }],
  fit: [
    {
      d: 'M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10',
      width: 1.3,
    },
  ],
  down: [{ d: 'm4 6 4 4 4-4', width: 1.3 }],
  right: [{ d: 'm6 4 4 4-4 4', width: 1.3 }],
  close: [{ d: 'M4 4l8 8M12 4l-8 8', width: 1.3 }],
  more: [{ d: ring(1.3, 3.5, 8) }, { d: ring(1.3, 8, 8) }, { d: ring(1.3, 12.5, 8) }],
  play: [{ d: 'M4.500 2.800v10.400L13 8z' }],
  stop: [{ d: 'M4.500 3.500h7a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1z' }],
  copy: [
    {
      d: 'M5.500 5.500h8v8h-8zM3.500 10.500h-1v-8h8v1',
      width: 1.3,
    },
  ],
  share: [{ d: 'M8 10V2.200M5 5l3-3 3 3M4.500 8H3v6h10V8h-1.500', width: 1.3 }],
  warning: [
    { d: 'M8 2.300 14.300 13.500H1.700z', width: 1.3 },
    { d: 'M8 6.500v3.200M8 11.500v.1', width: 1.3 },
  ],
  bolt: [{ d: 'M9 1.500 4 9h3.500L6.500 14.500 12 7H8.500z', width: 1.2 }],
} satisfies Record<string, readonly Stroke[]>;

export type Icon = keyof typeof ICONS;

const SVG = 'http://www.w3.org/2000/svg';

function draw(strokes: readonly Stroke[], grid: number, name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${grid} ${grid}`);
  svg.setAttribute('class', name);
  svg.setAttribute('aria-hidden', 'true');
  for (const stroke of strokes) {
    const path = document.createElementNS(SVG, 'path');
    const colour = stroke.ground === true ? 'var(--jl-glyph-ground)' : 'currentColor';
    path.setAttribute('d', stroke.d);
    path.setAttribute('fill', stroke.width === undefined ? colour : 'none');
    if (stroke.width !== undefined) {
      path.setAttribute('stroke', colour);
      path.setAttribute('stroke-width', String(stroke.width));
      path.setAttribute('stroke-linecap', 'round');
      path.setAttribute('stroke-linejoin', 'round');
    }
    if (stroke.dash) path.setAttribute('stroke-dasharray', stroke.dash.join(' '));
    svg.append(path);
  }
  return svg;
}

export function glyph(state: State): SVGSVGElement {
  return draw(GLYPHS[state], 12, `jl-glyph jl-mark-${state}`);
}

export function icon(name: Icon): SVGSVGElement {
  return draw(ICONS[name], 16, 'jl-icon');
}

interface Prepared {
  readonly path: Path2D;
  readonly width: number;
  readonly ground: boolean;
  readonly dash: readonly number[];
}

const prepared = new Map<readonly Stroke[], readonly Prepared[]>();

function prepare(strokes: readonly Stroke[]): readonly Prepared[] {
  let known = prepared.get(strokes);
  if (known === undefined) {
    known = strokes.map(stroke => ({
      path: new Path2D(stroke.d),
      width: stroke.width ?? 0,
      ground: stroke.ground === true,
      dash: stroke.dash ?? [],
    }));
    prepared.set(strokes, known);
  }
  return known;
}

/** Paints strokes of a grid with their left top at x, y. */
export function paintStrokes(
  context: CanvasRenderingContext2D,
  strokes: readonly Stroke[],
  at: { x: number; y: number; scale: number; turn?: number },
  colour: string,
  ground: string,
): void {
  context.save();
  context.translate(at.x, at.y);
  context.scale(at.scale, at.scale);
  if (at.turn !== undefined) {
    context.translate(6, 6);
    context.rotate(at.turn);
    context.translate(-6, -6);
  }
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const stroke of prepare(strokes)) {
    const own = stroke.ground ? ground : colour;
    if (stroke.width === 0) {
      context.fillStyle = own;
      context.fill(stroke.path);
      continue;
    }
    context.strokeStyle = own;
    context.lineWidth = stroke.width;
    context.setLineDash(stroke.dash as number[]);
    context.stroke(stroke.path);
  }
  context.restore();
}
