// The code cells of a notebook in their order, each with the heading above it.

import type { CellPlace } from '../wire';

interface Place {
  readonly id: string;
  readonly type: string;
  readonly sharedModel: { getSource(): string };
}

/** The last heading of a markdown text; what stands between fences is none. */
export function lastHeading(text: string): string {
  let heading = '';
  let fenced = false;
  for (const line of text.split('\n')) {
    if (line.trimStart().startsWith('```')) fenced = !fenced;
    else if (!fenced) heading = /^#{1,6} +(.*?)[ #]*$/.exec(line)?.[1]?.trim() || heading;
  }
  return heading;
}

export function placesOf(cells: Iterable<Place>): readonly CellPlace[] {
  const places: CellPlace[] = [];
  let title = '';
  for (const cell of cells) {
    if (cell.type === 'markdown') title = lastHeading(cell.sharedModel.getSource()) || title;
    else if (cell.type === 'code') places.push({ id: cell.id, title });
  }
  return places;
}
