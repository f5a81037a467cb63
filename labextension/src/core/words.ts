// Figures and words as they are shown: numbers first, British spelling, no more digits than they carry.

const GROUPED = new Intl.NumberFormat('en-GB');

/** `336,776` */
export function grouped(value: number): string {
  return GROUPED.format(value);
}

/** `4 ms`, `1.1 s`, `2 min` */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 0.0005) return '< 1 ms';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** `2.6 MB`, in powers of ten */
export function bytes(value: number): string {
  if (!Number.isFinite(value)) return '';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `2.4 %`, with a thin space */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 || value === 0 ? value.toFixed(value >= 99.95 ? 0 : 1) : value.toFixed(1)}\u2009%`;
}

/** Null share from 0.1 % on, under it the count; empty where there are none. */
export function nullShare(nulls: number, rows: number): string {
  if (!(nulls > 0) || !(rows > 0)) return '';
  const share = nulls / rows;
  return share >= 0.001 ? `${percent(share)} null` : `${grouped(nulls)} null`;
}

const SHORT: readonly (readonly [RegExp, string])[] = [
  [/^(u?)int(\d+)/i, '$1i$2'],
  [/^float(\d+)/i, 'f$1'],
  [/^bool(ean)?/i, 'bool'],
  [/^(category|categorical|dictionary)/i, 'cat'],
  [/^(datetime|timestamp)/i, 'time'],
  [/^(timedelta|duration)/i, 'span'],
  [/^(str|string|object|large_string)/i, 'str'],
];

/** `f64` for `float64`: what fits at the right of a node. */
export function shortType(dtype: string): string {
  for (const [pattern, short] of SHORT) {
    const found = pattern.exec(dtype);
    if (found) return found[0].replace(pattern, short).replace('ui', 'u');
  }
  return dtype.length > 8 ? `${dtype.slice(0, 7)}…` : dtype;
}

/** `1 feature`, `2 features` */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `14:02` */
export function clock(time: Date): string {
  return time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** Newlines and control characters as symbols, so that a hostile name stays one line. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029]/g, char => {
    const code = char.charCodeAt(0);
    if (code === 0x7f) return '\u2421';
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\u2424';
  });
}

/** Cut in the middle to at most `room`, by what `measure` says of a text. */
export function middle(text: string, room: number, measure: (text: string) => number): string {
  if (measure(text) <= room) return text;
  const letters = Array.from(text);
  let fits = 0;
  let over = letters.length;
  const cut = (keep: number): string => {
    const head = Math.ceil(keep / 2);
    return `${letters.slice(0, head).join('')}…${letters.slice(letters.length - (keep - head)).join('')}`;
  };
  while (over - fits > 1) {
    const keep = (fits + over) >> 1;
    if (measure(cut(keep)) <= room) fits = keep;
    else over = keep;
  }
  return fits > 0 ? cut(fits) : '';
}
