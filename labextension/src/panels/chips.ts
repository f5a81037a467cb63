/**
 * Tags as chips: a list of buttons and a field with completion. In the mode `pending` changes are
 * marked until the kernel applies them; in the mode `direct` they are the tags at once.
 */
import { list, text, watch, words, type Model } from './model';
import { complete, parse, type Pair } from './tags';

const TRAITS = ['tags', 'pending', 'removed', 'serving', 'mode', 'disabled'];
let count = 0;

export function renderChips(model: Model, el: HTMLElement, signal: AbortSignal): void {
  new Chips(model, el, signal);
}

interface Chip extends Pair {
  state: 'kept' | 'new' | 'removed';
}

class Chips {
  private readonly id = `jl-chips-${++count}`;
  private readonly items = node('div', 'jl-chip-list');
  private readonly place = node('div', 'jl-chip-item');
  private readonly field = node('div', 'jl-chip-field');
  private readonly input = document.createElement('input');
  private readonly options = node('div', 'jl-options');
  private chosen = '';
  private offered: string[] = [];
  private active = -1;

  constructor(
    private readonly model: Model,
    el: HTMLElement,
    signal: AbortSignal,
  ) {
    el.classList.add('jl-chips');
    this.items.setAttribute('role', 'list');
    this.items.setAttribute('aria-label', text(model, 'label') || 'Tags');
    this.build();
    el.append(this.items);
    for (const trait of TRAITS) {
      watch(model, trait, signal, () => this.draw());
    }
    watch(model, 'known', signal, () => {
      if (document.activeElement === this.input) {
        this.offer();
      }
    });
    watch(model, 'problem', signal, () => this.showProblem());
    this.draw();
  }

  private build(): void {
    const { input, options } = this;
    input.type = 'text';
    input.placeholder = 'key = value';
    input.autocomplete = 'off';
    input.spellcheck = false;
    input.dir = 'auto';
    input.dataset.lmSuppressShortcuts = 'true';
    input.setAttribute('aria-label', 'Add a tag: key = value');
    input.setAttribute('role', 'combobox');
    input.setAttribute('aria-autocomplete', 'list');
    input.setAttribute('aria-expanded', 'false');
    input.setAttribute('aria-controls', this.id);
    options.id = this.id;
    options.setAttribute('role', 'listbox');
    options.setAttribute('aria-label', 'Tags used before');
    options.hidden = true;
    input.addEventListener('input', () => this.offer());
    input.addEventListener('focus', () => this.offer());
    input.addEventListener('blur', () => this.leave());
    input.addEventListener('keydown', event => this.key(event));
    const hint = node('kbd', 'jl-kbd');
    hint.textContent = 'Enter';
    hint.setAttribute('aria-hidden', 'true');
    this.field.append(input, hint, options);
    this.place.setAttribute('role', 'listitem');
    this.place.append(this.field);
    this.items.append(this.place);
  }

  private chips(): Chip[] {
    const tags = words(this.model, 'tags');
    const pending = words(this.model, 'pending');
    const removed = new Set(list(this.model, 'removed'));
    const chips: Chip[] = [];
    for (const key of [...new Set([...Object.keys(tags), ...Object.keys(pending)])].sort()) {
      const before = tags[key];
      const after = pending[key];
      if (before !== undefined && (removed.has(key) || after !== undefined)) {
        chips.push({ key, value: before, state: 'removed' });
      } else if (before !== undefined) {
        chips.push({ key, value: before, state: 'kept' });
      }
      if (after !== undefined) {
        chips.push({ key, value: after, state: 'new' });
      }
    }
    return chips;
  }

  private draw(): void {
    const focused = document.activeElement;
    const disabled = this.model.get('disabled') === true;
    const serving = new Set(list(this.model, 'serving'));
    const drawn = this.chips().map(chip => this.chip(chip, serving.has(chip.key), disabled));
    // the field itself stays in the page: what leaves it loses the focus
    while (this.items.firstChild && this.items.firstChild !== this.place) {
      this.items.firstChild.remove();
    }
    this.place.before(...drawn);
    this.place.hidden = disabled;
    if (focused instanceof HTMLElement && !focused.isConnected) {
      this.input.focus();
    }
  }

  private chip(chip: Chip, serving: boolean, disabled: boolean): HTMLElement {
    const item = node('div', 'jl-chip-item');
    item.setAttribute('role', 'listitem');
    const body = node('span', `jl-chip jl-chip-${chip.state}`);
    body.classList.toggle('jl-chip-serving', serving && chip.state !== 'removed');
    body.classList.toggle('jl-chip-chosen', this.chosen === chip.key);
    const key = node('span', 'jl-chip-key');
    const value = node('b', 'jl-chip-value');
    key.dir = value.dir = 'auto';
    key.textContent = visible(chip.key);
    value.textContent = visible(chip.value);
    body.title = `${visible(chip.key)} = ${visible(chip.value)}`;
    body.append(key, value);
    if (chip.state === 'new' && this.model.get('mode') === 'pending') {
      const mark = node('span', 'jl-chip-mark');
      mark.textContent = 'new';
      body.append(mark);
    }
    if (!disabled) {
      body.append(this.cross(chip));
    }
    item.append(body);
    return item;
  }

  private cross(chip: Chip): HTMLElement {
    const button = node('button', 'jl-cross') as HTMLButtonElement;
    const again = chip.state === 'removed';
    button.type = 'button';
    button.classList.toggle('jl-undo', again);
    button.dataset.lmSuppressShortcuts = 'true';
    const verb = again ? 'Keep tag' : 'Remove tag';
    button.setAttribute('aria-label', `${verb} ${chip.key} ${chip.value}`);
    button.title = again ? 'Keep' : 'Remove';
    button.addEventListener('click', () => (again ? this.keep(chip.key) : this.remove(chip)));
    return button;
  }

  private add({ key, value }: Pair): void {
    const tags = words(this.model, 'tags');
    if (this.model.get('mode') === 'direct') {
      this.commit({ tags: { ...tags, [key]: value } });
      return;
    }
    const pending = without(words(this.model, 'pending'), key);
    const removed = list(this.model, 'removed').filter(name => name !== key);
    if (tags[key] !== value) {
      pending[key] = value;
    }
    this.commit({ pending, removed });
  }

  private remove(chip: Chip): void {
    if (this.model.get('mode') === 'direct') {
      this.commit({ tags: without(words(this.model, 'tags'), chip.key) });
    } else if (chip.state === 'new') {
      this.keep(chip.key);
    } else {
      this.commit({ removed: [...list(this.model, 'removed'), chip.key] });
    }
  }

  private keep(key: string): void {
    const pending = without(words(this.model, 'pending'), key);
    this.commit({ pending, removed: list(this.model, 'removed').filter(name => name !== key) });
  }

  private commit(traits: Record<string, unknown>): void {
    this.chosen = '';
    for (const [trait, value] of Object.entries(traits)) {
      this.model.set(trait, value);
    }
    this.model.save_changes();
    this.draw();
    this.input.focus();
  }

  private key(event: KeyboardEvent): void {
    const { input } = this;
    if (event.key === 'Enter') {
      event.preventDefault();
      this.enter();
    } else if (event.key === 'Tab' && this.active >= 0) {
      event.preventDefault();
      this.take(this.active);
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      this.move(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Escape' && !this.options.hidden) {
      event.preventDefault();
      this.close();
    } else if (event.key === 'Backspace' && input.value === '') {
      this.backspace();
    } else if (this.chosen) {
      this.chosen = '';
      this.draw();
    }
  }

  private enter(): void {
    if (this.active >= 0) {
      this.take(this.active);
      return;
    }
    const pair = parse(this.input.value);
    if (pair) {
      this.input.value = '';
      this.close();
      this.add(pair);
    }
  }

  private backspace(): void {
    const chips = this.chips().filter(chip => chip.state !== 'removed');
    const last = chips[chips.length - 1];
    if (!last) {
      return;
    }
    if (this.chosen === last.key) {
      this.remove(last);
    } else {
      this.chosen = last.key;
      this.draw();
    }
  }

  private offer(): void {
    const known = this.model.get('known') as Record<string, string[]> | null;
    this.offered = complete(this.input.value, known ?? {}, words(this.model, 'tags'));
    this.active = -1;
    this.options.replaceChildren(
      ...this.offered.map((words, index) => {
        const option = node('div', 'jl-option');
        option.id = `${this.id}-${index}`;
        option.setAttribute('role', 'option');
        option.textContent = visible(words);
        option.addEventListener('pointerdown', event => {
          event.preventDefault();
          this.take(index);
        });
        return option;
      }),
    );
    this.show(this.offered.length > 0);
  }

  private move(by: number): void {
    if (this.options.hidden) {
      this.offer();
    }
    if (!this.offered.length) {
      return;
    }
    const size = this.offered.length;
    this.active = (this.active + by + size + (this.active < 0 && by < 0 ? 1 : 0)) % size;
    [...this.options.children].forEach((option, index) =>
      option.setAttribute('aria-selected', String(index === this.active)),
    );
    this.input.setAttribute('aria-activedescendant', `${this.id}-${this.active}`);
  }

  private take(index: number): void {
    const words = this.offered[index];
    const pair = parse(words);
    this.close();
    if (pair && words.includes('=') && !words.endsWith('= ')) {
      this.input.value = '';
      this.add(pair);
    } else {
      this.input.value = words;
      this.input.focus();
      this.offer();
    }
  }

  private leave(): void {
    this.close();
    if (this.chosen) {
      this.chosen = '';
      this.draw();
    }
  }

  private close(): void {
    this.active = -1;
    this.show(false);
    this.input.removeAttribute('aria-activedescendant');
  }

  private show(open: boolean): void {
    this.options.hidden = !open;
    this.input.setAttribute('aria-expanded', String(open));
  }

  private showProblem(): void {
    const bad = text(this.model, 'problem') !== '';
    this.field.classList.toggle('jl-bad', bad);
    this.input.setAttribute('aria-invalid', String(bad));
  }
}

function without(pairs: Record<string, string>, key: string): Record<string, string> {
  return Object.fromEntries(Object.entries(pairs).filter(([name]) => name !== key));
}

function node(tag: string, className: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

/** Newlines and control characters as symbols, so that what is odd is seen. */
function visible(words: string): string {
  return words.replace(/[\u0000-\u001f]/g, sign =>
    String.fromCharCode(0x2400 + sign.charCodeAt(0)),
  );
}
