/**
 * Shortcuts below the query: facets that write into it, the order that it says, the columns. Each
 * opens a list of its own; what is chosen goes to the kernel, which writes the query.
 */
import { oneLine } from '../core/words';
import { watch, type Model } from './model';
import { node } from './rows';

const KEPT = 'jupyter-lifecycle:registry-columns';
let count = 0;

interface Facet {
  key: string;
  label: string;
  note: string;
  chosen: string;
}

interface Value {
  value: string;
  count: number | null;
  on: boolean;
}

interface Choice {
  key: string;
  label: string;
}

export class Narrow {
  readonly element = node('div', 'jl-narrow');
  private readonly id = `jl-narrow-${++count}`;
  private readonly facets = node('div', 'jl-narrow-facets');
  private readonly order = node('button', 'jl-narrow-chip jl-narrow-order') as HTMLButtonElement;
  private readonly columns = node('button', 'jl-narrow-columns') as HTMLButtonElement;
  private readonly list = node('div', 'jl-options jl-narrow-list');
  private opened = '';
  private opener: HTMLElement | null = null;

  constructor(
    private readonly model: Model,
    signal: AbortSignal,
  ) {
    const lead = node('span', 'jl-2');
    lead.textContent = 'Narrow';
    this.columns.textContent = 'Columns';
    for (const button of [this.order, this.columns]) prepare(button);
    this.columns.setAttribute('aria-haspopup', 'true');
    this.list.id = this.id;
    this.list.hidden = true;
    this.facets.append(lead);
    this.element.append(this.facets, this.order, this.columns, this.list);
    this.element.addEventListener('click', event => this.click(event), { signal });
    this.element.addEventListener('keydown', event => this.key(event), { signal });
    this.element.addEventListener('focusout', event => this.leave(event), { signal });
    watch(model, 'facets', signal, () => this.draw());
    watch(model, 'order', signal, () => this.drawOrder());
    this.draw();
    this.drawOrder();
    this.recall();
  }

  /** Takes the values of the facet that is open. */
  take(message: Record<string, unknown>): void {
    if (message.key !== this.opened || !Array.isArray(message.items)) return;
    const items = (message.items as Value[]).map(item => this.option(item));
    this.list.replaceChildren(...items);
    this.show('listbox', 'Values');
    (this.list.querySelector<HTMLElement>('[aria-selected="true"]') ?? items[0])?.focus();
  }

  private draw(): void {
    const facets = (this.model.get('facets') ?? []) as Facet[];
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.facet;
    const chips = facets.map(facet => this.chip(facet));
    while (this.facets.children.length > 1) this.facets.lastChild?.remove();
    this.facets.append(...chips);
    if (focused) chips.find(chip => chip.dataset.facet === focused)?.focus();
    this.element.hidden = facets.length === 0;
  }

  private chip(facet: Facet): HTMLElement {
    const chip = node('button', 'jl-narrow-chip') as HTMLButtonElement;
    prepare(chip);
    chip.dataset.facet = facet.key;
    chip.setAttribute('aria-haspopup', 'listbox');
    chip.setAttribute('aria-expanded', 'false');
    chip.classList.toggle('jl-on', facet.chosen !== '');
    const name = node('bdi', '');
    const note = node('bdi', 'jl-narrow-note');
    name.dir = note.dir = 'auto';
    name.textContent = oneLine(facet.label);
    note.textContent = oneLine(facet.chosen || facet.note);
    chip.append(name, note);
    return chip;
  }

  private drawOrder(): void {
    const order = String(this.model.get('order') ?? '');
    this.order.classList.toggle('jl-on', order !== '');
    this.order.disabled = order === '';
    this.order.textContent = order === '' ? 'newest first' : `by ${oneLine(order)}`;
    if (order !== '') {
      const cross = node('span', 'jl-narrow-cross');
      cross.textContent = '×';
      cross.setAttribute('aria-hidden', 'true');
      this.order.append(cross);
      this.order.setAttribute('aria-label', `Ordered by ${order}. Newest first again`);
    } else this.order.removeAttribute('aria-label');
  }

  private option(item: Value): HTMLElement {
    const made = node('div', 'jl-option');
    made.setAttribute('role', 'option');
    made.setAttribute('aria-selected', String(item.on));
    made.tabIndex = -1;
    made.dataset.value = item.value;
    made.dataset.lmSuppressShortcuts = 'true';
    const value = node('bdi', '');
    value.dir = 'auto';
    value.textContent = oneLine(item.value);
    made.append(value);
    if (item.count !== null) {
      const many = node('span', 'jl-2 jl-num');
      many.textContent = item.count.toLocaleString('en');
      made.append(many);
    }
    return made;
  }

  private click(event: Event): void {
    const target = event.target as HTMLElement;
    const facet = target.closest<HTMLElement>('[data-facet]');
    const value = target.closest<HTMLElement>('[data-value]');
    if (facet) this.open(facet, facet.dataset.facet ?? '');
    else if (value) this.choose(value);
    else if (target.closest('.jl-narrow-order')) this.model.send({ ask: 'unsort' });
    else if (target === this.columns) this.openColumns();
  }

  private open(opener: HTMLElement, key: string): void {
    const again = this.opened === key;
    this.close();
    if (again) return;
    this.opened = key;
    this.opener = opener;
    this.model.send({ ask: 'values', key });
  }

  private choose(option: HTMLElement): void {
    const { opened } = this;
    if (opened === 'columns') this.toggle(option);
    else {
      this.close();
      this.model.send({ ask: 'narrow', key: opened, value: option.dataset.value });
    }
  }

  // columns ------------------------------------------------------------------------------------

  private openColumns(): void {
    const again = this.opened === 'columns';
    this.close();
    if (again) return;
    this.opened = 'columns';
    this.opener = this.columns;
    const shown = this.shown();
    const choices = (this.model.get('choosable') ?? []) as Choice[];
    const rank = (key: string): number => shown.indexOf(key) + 1 || shown.length + 1;
    const ordered = [...choices].sort((a, b) => rank(a.key) - rank(b.key));
    this.list.replaceChildren(
      ...ordered.map(choice => this.choice(choice, shown.includes(choice.key))),
      help('Space shows or hides, Alt ↑ ↓ moves'),
    );
    this.show('group', 'Columns');
    this.list.querySelector<HTMLElement>('[data-value]')?.focus();
  }

  private choice(choice: Choice, on: boolean): HTMLElement {
    const made = node('div', 'jl-option jl-narrow-choice');
    made.setAttribute('role', 'checkbox');
    made.setAttribute('aria-checked', String(on));
    made.tabIndex = -1;
    made.dataset.value = choice.key;
    made.dataset.lmSuppressShortcuts = 'true';
    const box = node('span', 'jl-box');
    box.setAttribute('aria-checked', String(on));
    const name = node('bdi', '');
    name.dir = 'auto';
    name.textContent = oneLine(choice.label);
    const family = choice.key.startsWith('tag:') ? 'tag' : choice.key.includes(':') ? 'metric' : '';
    const kind = node('span', 'jl-2');
    kind.textContent = family;
    made.append(box, name, kind);
    return made;
  }

  private toggle(option: HTMLElement): void {
    const on = option.getAttribute('aria-checked') !== 'true';
    option.setAttribute('aria-checked', String(on));
    option.querySelector('.jl-box')?.setAttribute('aria-checked', String(on));
    this.tellColumns();
  }

  private move(option: HTMLElement, up: boolean): void {
    const beside = up ? option.previousElementSibling : option.nextElementSibling;
    if (!(beside instanceof HTMLElement) || beside.dataset.value === undefined) return;
    if (up) beside.before(option);
    else beside.after(option);
    option.focus();
    this.tellColumns();
  }

  private tellColumns(): void {
    const chosen = [
      ...this.list.querySelectorAll<HTMLElement>('[aria-checked="true"][data-value]'),
    ];
    const keys = chosen.map(option => option.dataset.value ?? '');
    keep(keys);
    this.model.send({ ask: 'columns', keys });
  }

  private shown(): string[] {
    const columns = (this.model.get('columns') ?? []) as Choice[];
    return columns.map(column => column.key);
  }

  private recall(): void {
    const keys = kept();
    if (keys.length) this.model.send({ ask: 'columns', keys });
  }

  // the list -----------------------------------------------------------------------------------

  private show(role: string, label: string): void {
    this.list.setAttribute('role', role);
    this.list.setAttribute('aria-label', label);
    this.list.hidden = false;
    this.opener?.setAttribute('aria-expanded', 'true');
    const left = (this.opener?.offsetLeft ?? 0) + (this.opener?.offsetWidth ?? 0);
    const width = this.list.offsetWidth;
    const start = this.opener?.offsetLeft ?? 0;
    const room = this.element.clientWidth - width - 8;
    this.list.style.left = `${Math.max(8, Math.min(start, Math.max(left - width, room)))}px`;
    this.list.style.top = `${(this.opener?.offsetTop ?? 0) + (this.opener?.offsetHeight ?? 0) + 2}px`;
  }

  private close(): void {
    this.opener?.setAttribute('aria-expanded', 'false');
    this.list.hidden = true;
    this.list.replaceChildren();
    this.opened = '';
  }

  private leave(event: FocusEvent): void {
    const to = event.relatedTarget;
    if (!(to instanceof Node) || !this.element.contains(to)) this.close();
  }

  private key(event: KeyboardEvent): void {
    const option = (event.target as HTMLElement).closest<HTMLElement>('[data-value]');
    if (event.key === 'Escape' && this.opened) {
      const { opener } = this;
      this.close();
      opener?.focus();
    } else if (option && event.altKey && this.opened === 'columns' && isVertical(event.key)) {
      this.move(option, event.key === 'ArrowUp');
    } else if (option && isVertical(event.key)) {
      const beside =
        event.key === 'ArrowUp' ? option.previousElementSibling : option.nextElementSibling;
      (beside as HTMLElement | null)?.focus();
    } else if (option && (event.key === 'Enter' || event.key === ' ')) this.choose(option);
    else {
      if (event.key !== 'Tab') event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

function prepare(button: HTMLButtonElement): void {
  button.type = 'button';
  button.dataset.lmSuppressShortcuts = 'true';
}

function isVertical(key: string): boolean {
  return key === 'ArrowUp' || key === 'ArrowDown';
}

function help(words: string): HTMLElement {
  const made = node('div', 'jl-query-keys');
  made.textContent = words;
  return made;
}

/** Columns stay chosen in this browser; where it keeps nothing they last as long as the page. */
function keep(keys: string[]): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(keys));
  } catch {
    return;
  }
}

function kept(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEPT) ?? '[]');
    return Array.isArray(found) ? found.map(String) : [];
  } catch {
    return [];
  }
}
