/** How a tag is typed and completed: pure functions, no page. */
export interface Pair {
  key: string;
  value: string;
}

/** A key that stands alone says yes. */
const BARE = 'yes';
const MOST = 8;

/** `key = value`, `key value` or `key`; null while there is none. */
export function parse(typed: string): Pair | null {
  const words = typed.trim();
  const match = /^([^\s=]+)\s*(?:=\s*|\s+|$)(.*)$/s.exec(words);
  return match ? { key: match[1], value: match[2].trim() || BARE } : null;
}

/** What the field offers: keys first, then `key = value`, both by how often they were used. */
export function complete(
  typed: string,
  known: Readonly<Record<string, readonly string[]>>,
  has: Readonly<Record<string, string>>,
): string[] {
  const [head, ...rest] = typed.trimStart().split(/\s*=\s*|\s+/);
  const values = Object.hasOwn(known, head) ? known[head] : [];
  const behind = typed.includes('=') || /\S\s/.test(typed);
  if (behind) {
    const start = rest.join(' ').trim().toLowerCase();
    return values
      .filter(value => value.toLowerCase().startsWith(start))
      .map(value => `${head} = ${value}`)
      .slice(0, MOST);
  }
  const start = head.toLowerCase();
  return Object.keys(known)
    .filter(key => key.toLowerCase().startsWith(start) && !(start === '' && key in has))
    .map(key => `${key} = ${known[key].length === 1 ? known[key][0] : ''}`)
    .slice(0, MOST);
}
