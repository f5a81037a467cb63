// Pan, zoom, hover, click and right click on the canvas: pointer events of one or two fingers, and the wheel.

export interface GestureTarget {
  pan(dx: number, dy: number): void;
  zoomBy(factor: number, x: number, y: number): void;
  hover(x: number, y: number): void;
  leave(): void;
  click(x: number, y: number, how: { readonly touch: boolean; readonly add: boolean }): void;
  /** A rectangle is being drawn with Shift held, or is done. */
  band(from: Point, to: Point, done: boolean): void;
  menu(x: number, y: number): void;
  /** The user has begun or ended to move the view. */
  hold(held: boolean): void;
  /** Whether a plain wheel belongs to the explorer, or to the page around it. */
  ownsWheel(): boolean;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

const CLICK = 4;

export function listenGestures(
  canvas: HTMLCanvasElement,
  target: GestureTarget,
  signal: AbortSignal,
): void {
  const fingers = new Map<number, Point>();
  let moved = 0;
  /** Where a rectangle begins, while Shift is held. */
  let corner: Point | null = null;
  const at = (event: MouseEvent): Point => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const on = <K extends keyof HTMLElementEventMap>(
    name: K,
    listener: (event: HTMLElementEventMap[K]) => void,
    passive = true,
  ): void => canvas.addEventListener(name, listener, { signal, passive });

  on('pointerdown', event => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    moved = 0;
    corner = event.shiftKey ? at(event) : null;
    target.hold(true);
  });
  on('pointermove', event => {
    const now = at(event);
    const was = fingers.get(event.pointerId);
    if (was === undefined) {
      target.hover(now.x, now.y);
      return;
    }
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) {
      moved += Math.abs(now.x - was.x) + Math.abs(now.y - was.y);
      if (moved > CLICK && corner !== null) target.band(corner, now, false);
      else if (moved > CLICK) target.pan(now.x - was.x, now.y - was.y);
    } else {
      moved = Infinity;
      const before = Math.hypot(was.x - other.x, was.y - other.y);
      const after = Math.hypot(now.x - other.x, now.y - other.y);
      target.pan((now.x - was.x) / 2, (now.y - was.y) / 2);
      if (before > 0) target.zoomBy(after / before, (now.x + other.x) / 2, (now.y + other.y) / 2);
    }
    fingers.set(event.pointerId, now);
  });
  const end = (event: PointerEvent): void => {
    if (!fingers.delete(event.pointerId)) return;
    if (fingers.size === 0) target.hold(false);
    if (event.type === 'pointerup' && fingers.size === 0 && moved <= CLICK) {
      const { x, y } = at(event);
      target.click(x, y, { touch: event.pointerType === 'touch', add: event.shiftKey });
    } else if (corner !== null) target.band(corner, at(event), true);
    corner = null;
  };
  on('pointerup', end);
  on('pointercancel', end);
  on('pointerleave', () => target.leave());
  on(
    'contextmenu',
    event => {
      event.preventDefault();
      event.stopPropagation();
      const { x, y } = at(event);
      target.menu(x, y);
    },
    false,
  );
  on(
    'wheel',
    event => {
      if (!event.ctrlKey && !event.metaKey && !target.ownsWheel()) return;
      event.preventDefault();
      event.stopPropagation();
      const lines = event.deltaMode === 1 ? 16 : 1;
      const { x, y } = at(event);
      if (event.shiftKey && !event.ctrlKey) {
        target.pan(-(event.deltaX || event.deltaY) * lines, 0);
        return;
      }
      const step = Math.max(-120, Math.min(120, event.deltaY * lines));
      target.zoomBy(Math.exp(-step * (event.ctrlKey ? 0.01 : 0.0022)), x, y);
    },
    false,
  );
}
