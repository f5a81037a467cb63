// Names in a line of Python.

/** The name that a column of a line touches, or an empty string. */
export function nameAt(text: string, column: number): string {
  for (const match of text.matchAll(/[\p{L}\p{N}_]+/gu))
    if (match.index <= column && column <= match.index + match[0].length) return match[0];
  return '';
}
