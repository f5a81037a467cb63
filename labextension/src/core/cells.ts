// The way from a feature to the cell that defines it: an event that the host around it may answer.

export const GO_TO_CELL = 'jl-go-to-cell';

export interface CellPlace {
  /** Id of the cell in its notebook. */
  readonly id: string;
  /** What people call it, such as `cell 4`. */
  readonly label: string;
}

/** Asks the host to show a cell; false where no host does. */
export function goToCell(element: HTMLElement, place: CellPlace): boolean {
  const event = new CustomEvent<CellPlace>(GO_TO_CELL, {
    bubbles: true,
    cancelable: true,
    detail: place,
  });
  return !element.dispatchEvent(event);
}
