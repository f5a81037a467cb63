/** The words of a query, for colours only: the kernel's grammar says what they mean. */

export type WordKind = 'text' | 'number' | 'keyword' | 'field' | 'rest';

export interface Word {
  text: string;
  kind: WordKind;
  start: number;
}

const KEYWORDS = new Set('and or not in like ilike is null exists order by asc desc'.split(' '));
const WORDS =
  /('(?:[^']|'')*'?|"(?:[^"]|"")*"?)|((?:[^\W\d]|`(?:[^`]|``)*`?)(?:[\w.-]|`(?:[^`]|``)*`?)*)|([+-]?\d[\d.eE+-]*)|(\s+|[^\s\w'"`]+|.)/gu;

export function split(query: string): Word[] {
  const found: Word[] = [];
  for (const match of query.matchAll(WORDS)) {
    found.push({ text: match[0], kind: kindOf(match), start: match.index });
  }
  return found;
}

function kindOf(match: RegExpMatchArray): WordKind {
  if (match[1] !== undefined) return 'text';
  if (match[2] !== undefined) {
    return KEYWORDS.has(match[2].toLowerCase()) ? 'keyword' : 'field';
  }
  return match[3] !== undefined ? 'number' : 'rest';
}
