// Boxes as wide as their names want, where the picture leaves room beside it: names are cut only if they must be.

import type { Size } from './camera';
import { layout, NODE_WIDTH } from './layout';
import { buildScene, placeScene, type Choice, type Scene } from './scene';
import type { Stage } from './stage';

/** Larger pictures are seen from further away than names are read. */
const MOST = 300;

const WIDEST = 226;
/** Rail, glyph and the space around the name, in pixels of the screen. */
const BESIDE = 40;
const PADDING = 48;
/** A few very long names are cut rather than widening all. */
const FITTING = 0.95;

/** The width that boxes should have, in the layout; as it is where more would make the picture smaller. */
function roomyWidth(
  scene: Scene,
  size: Size,
  measure: (name: string, pixels: number) => number,
): number {
  if (scene.count === 0 || size.width === 0) return NODE_WIDTH;
  const { extent } = scene;
  const zoom = Math.min(1, (size.height - PADDING) / extent.height);
  const spare = (size.width - PADDING) / zoom - extent.width;
  if (spare <= 0 || zoom < 0.5) return NODE_WIDTH;
  const columns = new Set<number>();
  const wanted: number[] = [];
  for (let k = 0; k < scene.count; k++) {
    const node = scene.node[k]!;
    if (node >= 0 && scene.model.view.kinds[node] !== 'feature') continue;
    columns.add(Math.round(scene.x[k]!));
    const name = node >= 0 ? scene.model.view.names[node]! : scene.groups.titles[scene.group[k]!];
    if (name === undefined) continue;
    const pixels = Math.min(14, Math.max(10, 11.5 * zoom));
    wanted.push((measure(name, pixels) + BESIDE * Math.max(zoom, 0.8)) / zoom);
  }
  wanted.sort((a, b) => a - b);
  const most = wanted[Math.floor(FITTING * (wanted.length - 1))] ?? NODE_WIDTH;
  const width = Math.min(WIDEST, most, NODE_WIDTH + spare / columns.size);
  return width > NODE_WIDTH + 4 ? Math.floor(width) : NODE_WIDTH;
}

/** The same scene with wider boxes, where names need them and the view has the room. */
export function roomier(scene: Scene, choice: Choice, stage: Stage): Scene {
  if (scene.count > MOST) return scene;
  const width = roomyWidth(scene, stage.size, (name, px) => stage.measure(name, px));
  if (width === scene.nodeWidth) return scene;
  const wider = buildScene(scene.model, { ...choice, nodeWidth: width }, null);
  placeScene(wider, layout(wider.input));
  return wider;
}
