// What floats over the canvas of a view: minimap, zoom, legend, tooltip, hints and what stands in for a picture.

import { h } from './dom';
import { createMinimap } from './minimap';
import { createEmpty, createKeys, createLegend, createTooltip, createZoom } from './overlays';
import { Pathing } from './pathing';
import type { Stage } from './stage';
import { counted } from './words';

/** Milliseconds of a layout under which nothing is said to be loading. */
const QUIET = 200;

export class Surroundings {
  readonly legend = createLegend();
  readonly tooltip = createTooltip();
  readonly pathing = new Pathing();
  readonly empty: HTMLElement;
  readonly keys: HTMLElement;
  private readonly minimap;
  private readonly zoom: HTMLElement;
  private readonly loading = h('div', { class: 'jl-loading', role: 'status', hidden: true });

  constructor(
    private readonly stage: Stage,
    closeKeys: () => void,
    signal: AbortSignal,
  ) {
    const zoom = {
      in: (): void => stage.zoomBy(1.3),
      out: (): void => stage.zoomBy(1 / 1.3),
      fit: (): void => stage.fit(true),
    };
    this.minimap = createMinimap((x, y) => stage.moveTo(x, y), signal);
    this.zoom = createZoom(zoom, signal);
    this.empty = createEmpty(signal);
    this.keys = createKeys(closeKeys, signal);
  }

  get elements(): HTMLElement[] {
    const { minimap, zoom, legend, tooltip, empty, loading, keys, pathing } = this;
    const floating = [minimap.element, zoom, legend.element, tooltip.element];
    return [...floating, empty, loading, keys, pathing.element];
  }

  /** Says that a layout is on its way once it takes long; answers what ends it. */
  busy(nodes: number): () => void {
    const timer = window.setTimeout(() => {
      this.loading.textContent = `Laying out ${counted(nodes, 'node')}`;
      this.loading.hidden = false;
    }, QUIET);
    return () => {
      clearTimeout(timer);
      this.loading.hidden = true;
    };
  }

  /** A frame was drawn. */
  drawn(repainted: boolean): void {
    const { scene, view, size, theme, highlight } = this.stage;
    if (scene === null) return;
    this.minimap.update(scene, view, size, theme, repainted);
    this.legend.update(highlight);
  }

  /** The pointer rests on a node, or on none. */
  hover(node: number, x: number, y: number): void {
    const { scene, level, size } = this.stage;
    if (scene === null || node < 0 || level === 'near') this.tooltip.hide();
    else this.tooltip.show(scene.model, node, x, y, size.width);
  }
}
