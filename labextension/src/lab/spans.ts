// Which parts of a line are a magic of ours and its words.

const OURS =
  'load_ext|feature|inputs|compute|dag|why|save|registry|drop|export|import|cache|configure';
/** The magic at the start of a line or behind an equals sign, then the rest of its line. */
const MAGIC = new RegExp(
  `^(\\s*(?:[\\p{L}\\p{N}_.,\\s]+=\\s*)?)(%%?(?:${OURS}))(?=\\s|$)(.*)$`,
  'u',
);

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly kind: 'magic' | 'words';
}

/** Where a line has a magic of ours and its words; empty where it has none. */
export function magicSpans(text: string): readonly Span[] {
  const found = MAGIC.exec(text);
  if (found === null) return [];
  const [, before, magic, rest] = found as unknown as [string, string, string, string];
  const start = before.length;
  const end = start + magic.length;
  const spans: Span[] = [{ from: start, to: end, kind: 'magic' }];
  if (rest.trim() !== '') spans.push({ from: end, to: end + rest.length, kind: 'words' });
  return spans;
}
