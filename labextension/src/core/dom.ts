// Elements with text, never markup: what comes from data cannot become a tag.

import { icon, type Icon } from './glyphs';
import { oneLine } from './words';

type Child = Node | string | null | undefined | false;

interface Props {
  readonly class?: string;
  readonly title?: string;
  readonly role?: string;
  readonly hidden?: boolean;
  readonly type?: string;
  readonly tabindex?: number;
  readonly [attribute: `aria-${string}` | `data-${string}`]: string | undefined;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  fill(element, ...children);
  return element;
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child): child is Node | string => Boolean(child)));
}

/** A name or value from data: isolated, in its own direction, on one line. */
export function data(text: string, name = 'jl-data'): HTMLElement {
  const element = h('bdi', { class: name }, oneLine(text));
  element.dir = 'auto';
  return element;
}

/** A code name in mono. */
export function code(text: string): HTMLElement {
  return data(text, 'jl-code');
}

interface ButtonOptions {
  readonly icon?: Icon;
  readonly class?: string;
  /** Spoken and shown as tooltip where the button is an icon alone. */
  readonly label?: string;
}

export function button(
  text: string,
  click: () => void,
  signal: AbortSignal,
  options: ButtonOptions = {},
): HTMLButtonElement {
  const element = h(
    'button',
    {
      type: 'button',
      class: options.class ?? 'jl-button',
      title: options.label,
      'aria-label': options.label,
      'data-lm-suppress-shortcuts': 'true',
    },
    options.icon && icon(options.icon),
    text,
  );
  element.addEventListener('click', click, { signal });
  return element;
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A frame without the permission: the text stays there to be selected by hand.
    return false;
  }
}
