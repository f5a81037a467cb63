// Going to a cell, to a feature's definition, and finding which name stands at the cursor.

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { GO_TO_CELL, type CellPlace } from '../core/cells';
import type { KernelLink } from './link';
import { nameAt } from './names';

/** Makes a cell the active one, in view, the cursor on a line of it (from 1). */
export async function goToCell(notebook: NotebookPanel, id: string, line = 0): Promise<boolean> {
  const { content } = notebook;
  const index = content.widgets.findIndex(cell => cell.model.id === id);
  if (index < 0) return false;
  content.deselectAll();
  content.activeCellIndex = index;
  await content.scrollToItem(index, 'smart');
  const cell = content.widgets[index]!;
  await cell.ready;
  if (line > 0) cell.editor?.setCursorPosition({ line: line - 1, column: 0 });
  content.activate();
  return true;
}

/** Answers explorers that ask for a cell: in the side panel, or in an output of the notebook. */
export function answerExplorers(tracker: INotebookTracker): void {
  document.body.addEventListener(GO_TO_CELL, event => {
    const { id } = (event as CustomEvent<CellPlace>).detail;
    const notebook = tracker.currentWidget;
    if (!notebook?.content.widgets.some(cell => cell.model.id === id)) return;
    event.preventDefault();
    void goToCell(notebook, id);
  });
}

/** The Python name that the cursor of the active cell touches, or an empty string. */
export function nameAtCursor(notebook: NotebookPanel): string {
  const editor = notebook.content.activeCell?.editor;
  if (!editor) return '';
  const { line, column } = editor.getCursorPosition();
  return nameAt(editor.getLine(line) ?? '', column);
}

/** Where a feature is defined: its cell and the line there. */
export function placeOf(link: KernelLink, name: string): { cell: string; line: number } | null {
  for (const { id, names, lines } of link.cells.values()) {
    const at = names.indexOf(name);
    if (at >= 0 && lines[at]! > 0) return { cell: id, line: lines[at]! };
  }
  return null;
}

export async function goToDefinition(link: KernelLink): Promise<boolean> {
  const place = placeOf(link, nameAtCursor(link.notebook));
  return place !== null && (await goToCell(link.notebook, place.cell, place.line));
}
