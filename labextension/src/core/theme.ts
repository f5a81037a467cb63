// The tokens as colours for the canvas, read from a hidden probe: once, and again when the theme changes.

import { STATES, type State } from '../wire';

export interface Ink {
  readonly mark: string;
  readonly text: string;
  readonly tint: string;
}

export interface Theme {
  readonly canvas: string;
  readonly surface: string;
  readonly sunken: string;
  readonly ink: string;
  readonly ink2: string;
  readonly ink3: string;
  readonly line: string;
  /** Bands between groups: solid, so that where they meet they do not darken. */
  readonly band: string;
  readonly lineStrong: string;
  readonly accent: string;
  readonly up: Ink;
  readonly down: Ink;
  /** By code of the state. */
  readonly states: readonly Ink[];
  readonly font: string;
  readonly mono: string;
  readonly dark: boolean;
  readonly contrast: boolean;
  readonly still: boolean;
}

const FALLBACK: Partial<Record<State, string>> = { new: 'queued' };

function forced(): boolean {
  return matchMedia('(forced-colors: active)').matches;
}

export function readTheme(host: HTMLElement): Theme {
  const probe = document.createElement('span');
  probe.className = 'jl-probe';
  host.append(probe);
  const read = (token: string): string => {
    probe.style.color = `var(--jl-${token})`;
    return getComputedStyle(probe).color;
  };
  probe.style.color = 'color-mix(in srgb, var(--jl-ink) 18%, var(--jl-canvas))';
  const mixed = getComputedStyle(probe).color;
  const font = (token: string): string => {
    probe.style.fontFamily = `var(--jl-${token})`;
    return getComputedStyle(probe).fontFamily;
  };
  const ink = (name: string): Ink => ({
    mark: read(name),
    text: read(`${name}-text`),
    tint: read(`${name}-tint`),
  });
  const system: Ink = { mark: 'CanvasText', text: 'CanvasText', tint: 'Canvas' };
  const body = document.body;
  const name = body.dataset.jpThemeName ?? '';
  const dark =
    body.dataset.jpThemeLight === 'false' ||
    body.classList.contains('vscode-dark') ||
    body.classList.contains('vscode-high-contrast');
  const contrast =
    name.includes('High Contrast') ||
    body.classList.contains('vscode-high-contrast') ||
    matchMedia('(prefers-contrast: more)').matches ||
    forced();
  const plain = forced();
  const theme: Theme = {
    canvas: plain ? 'Canvas' : read('canvas'),
    surface: plain ? 'Canvas' : read('surface'),
    sunken: plain ? 'Canvas' : read('sunken'),
    ink: plain ? 'CanvasText' : read('ink'),
    ink2: plain ? 'CanvasText' : read('ink-2'),
    ink3: plain ? 'GrayText' : read('ink-3'),
    line: plain ? 'GrayText' : read('line'),
    band: plain ? 'GrayText' : mixed,
    lineStrong: plain ? 'CanvasText' : read('line-strong'),
    accent: plain ? 'Highlight' : read('accent'),
    up: plain ? system : ink('up'),
    down: plain ? system : ink('down'),
    states: STATES.map(state => (plain ? system : ink(FALLBACK[state] ?? state))),
    font: font('font'),
    mono: font('mono'),
    dark,
    contrast,
    still: matchMedia('(prefers-reduced-motion: reduce)').matches,
  };
  probe.remove();
  return theme;
}

/** Calls `changed` whenever what {@link readTheme} answers may be another. */
export function watchTheme(changed: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-jp-theme-name', 'data-jp-theme-light'],
  });
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
  for (const query of [
    '(prefers-contrast: more)',
    '(prefers-reduced-motion: reduce)',
    '(forced-colors: active)',
    '(prefers-color-scheme: dark)',
  ]) {
    matchMedia(query).addEventListener('change', changed, { signal });
  }
}
