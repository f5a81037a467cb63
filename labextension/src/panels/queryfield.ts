/** The query field: coloured as it is typed, completed by the kernel, its error at the character. */
import { text, watch, type Model } from './model';
import { node } from './rows';
import { split } from './querywords';

const COMPLETE_MS = 80;
const RUN_MS = 300;
const KEPT = 20;
let count = 0;

interface Offer {
  text: string;
  kind: string;
  note: string;
  count: number | null;
}

export class QueryField {
  readonly element = node('div', 'jl-query');
  private readonly id = `jl-query-${++count}`;
  private readonly input = document.createElement('input');
  private readonly paint = node('div', 'jl-query-paint');
  private readonly figures = node('span', 'jl-query-figures');
  private readonly options = node('div', 'jl-options jl-query-options');
  private readonly problem = node('div', 'jl-query-problem');
  private offers: Offer[] = [];
  private active = -1;
  private start = 0;
  private number = 0;
  private readonly before: string[] = [];
  private recalled = -1;
  private timers: { run?: number; complete?: number } = {};

  constructor(
    private readonly model: Model,
    signal: AbortSignal,
  ) {
    this.build(signal);
    watch(model, 'query', signal, () => this.show());
    watch(model, 'problem', signal, () => this.showProblem());
    watch(model, 'figures', signal, () => this.showFigures());
    signal.addEventListener('abort', () => {
      clearTimeout(this.timers.run);
      clearTimeout(this.timers.complete);
    });
    this.show();
    this.showProblem();
    this.showFigures();
  }

  focus(): void {
    this.input.focus();
  }

  private build(signal: AbortSignal): void {
    const { input, options, problem } = this;
    input.type = 'text';
    input.spellcheck = false;
    input.autocomplete = 'off';
    input.placeholder = "name = 'departure-delay' and tags.approved = 'yes' order by metrics.mae";
    input.dataset.lmSuppressShortcuts = 'true';
    const named: Record<string, string> = {
      role: 'combobox',
      'aria-label': 'Query',
      'aria-autocomplete': 'list',
      'aria-expanded': 'false',
      'aria-controls': this.id,
    };
    for (const [name, value] of Object.entries(named)) input.setAttribute(name, value);
    options.id = this.id;
    options.setAttribute('role', 'listbox');
    options.setAttribute('aria-label', 'What may come next');
    options.hidden = true;
    problem.id = `${this.id}-problem`;
    problem.setAttribute('role', 'alert');
    this.paint.setAttribute('aria-hidden', 'true');
    input.addEventListener('input', () => this.typed(), { signal });
    input.addEventListener('scroll', () => this.align(), { signal });
    input.addEventListener('focus', () => this.complete(), { signal });
    input.addEventListener('click', () => this.complete(), { signal });
    input.addEventListener('blur', () => this.leave(), { signal });
    input.addEventListener('keydown', event => this.key(event), { signal });
    options.addEventListener('mousedown', event => this.pick(event), { signal });
    const line = node('div', 'jl-query-line');
    const typed = node('div', 'jl-query-typed');
    typed.append(this.paint, input);
    line.append(node('span', 'jl-query-icon'), typed, this.figures, options);
    this.element.append(line, problem);
  }

  private typed(): void {
    this.recalled = -1;
    this.draw();
    clearTimeout(this.timers.run);
    this.timers.run = window.setTimeout(() => this.pause(), RUN_MS);
    this.complete();
  }

  /** Runs after a pause, but not on half a word that is being completed. */
  private pause(): void {
    const caret = this.input.selectionStart ?? this.input.value.length;
    if (this.offers.length === 0 || this.start >= caret) this.run();
  }

  private run(): void {
    clearTimeout(this.timers.run);
    const query = this.input.value;
    if (query !== text(this.model, 'query')) {
      this.model.set('query', query);
      this.model.save_changes();
    }
  }

  private complete(): void {
    clearTimeout(this.timers.complete);
    this.timers.complete = window.setTimeout(() => {
      const position = this.input.selectionStart ?? this.input.value.length;
      this.model.send({
        ask: 'complete',
        text: this.input.value,
        position,
        number: ++this.number,
      });
    }, COMPLETE_MS);
  }

  /** Takes what the kernel offers, unless another letter came meanwhile. */
  offer(message: Record<string, unknown>): void {
    if (message.number !== this.number || document.activeElement !== this.input) return;
    this.offers = Array.isArray(message.items) ? (message.items as Offer[]) : [];
    this.start = Number(message.start);
    this.active = this.offers.length ? 0 : -1;
    this.drawOffers();
  }

  private drawOffers(): void {
    const { options, input } = this;
    options.replaceChildren(...this.offers.map((offer, index) => this.option(offer, index)));
    if (this.offers.length) options.append(keys());
    options.hidden = this.offers.length === 0;
    const left = widthOf(input, this.start) - input.scrollLeft;
    options.style.setProperty('--jl-left', `${Math.max(0, left)}px`);
    input.setAttribute('aria-expanded', String(!options.hidden));
    if (this.active >= 0) input.setAttribute('aria-activedescendant', `${this.id}-${this.active}`);
    else input.removeAttribute('aria-activedescendant');
  }

  private option(offer: Offer, index: number): HTMLElement {
    const made = node('div', 'jl-option jl-query-option');
    made.id = `${this.id}-${index}`;
    made.setAttribute('role', 'option');
    made.setAttribute('aria-selected', String(index === this.active));
    made.dataset.index = String(index);
    const word = node('bdi', 'jl-m');
    const note = node('bdi', 'jl-2');
    const number = node('span', 'jl-2 jl-num');
    word.textContent = offer.text;
    note.textContent = offer.note;
    number.textContent = offer.count === null ? '' : offer.count.toLocaleString('en');
    made.append(word, note, number);
    return made;
  }

  private pick(event: Event): void {
    const option = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    event.preventDefault(); // the field keeps the focus
    if (option) this.insert(Number(option.dataset.index));
  }

  private insert(index: number): void {
    const offer = this.offers[index];
    if (!offer) return;
    const { input } = this;
    const end = input.selectionStart ?? input.value.length;
    const goesOn = offer.kind === 'family' || offer.text.endsWith('(');
    const word = goesOn ? offer.text : `${offer.text} `;
    input.setRangeText(word, this.start, end, 'end');
    this.close();
    this.typed();
  }

  private key(event: KeyboardEvent): void {
    const open = !this.options.hidden;
    if (event.key === 'Enter') this.enter();
    else if (event.key === 'Tab' && open && !event.shiftKey) this.insert(this.active);
    else if (event.key === 'Escape' && open) this.leave();
    else if (event.key === 'ArrowDown' && open) this.move(1);
    else if (event.key === 'ArrowUp' && open && this.active > 0) this.move(-1);
    else if (event.key === 'ArrowUp') this.recall();
    else {
      if (event.key.startsWith('Arrow') || event.key === 'Home' || event.key === 'End') {
        this.complete();
      }
      event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private enter(): void {
    this.close();
    const query = this.input.value;
    if (this.before[0] !== query) this.before.unshift(query);
    this.before.length = Math.min(this.before.length, KEPT);
    this.recalled = -1;
    this.run();
  }

  private recall(): void {
    const next = this.before[this.recalled + 1];
    if (next === undefined) return;
    this.recalled += 1;
    this.close();
    this.input.value = next;
    this.draw();
    this.run();
  }

  private move(step: number): void {
    this.active = Math.min(Math.max(0, this.active + step), this.offers.length - 1);
    this.drawOffers();
  }

  private leave(): void {
    this.close();
    this.run();
  }

  private close(): void {
    clearTimeout(this.timers.complete);
    this.number += 1;
    this.offers = [];
    this.active = -1;
    this.drawOffers();
  }

  private show(): void {
    const query = text(this.model, 'query');
    if (query !== this.input.value) {
      this.input.value = query;
    }
    this.draw();
  }

  private showFigures(): void {
    this.figures.textContent = text(this.model, 'figures');
  }

  private showProblem(): void {
    const message = this.problemTrait('message');
    this.problem.textContent = message;
    this.problem.hidden = message === '';
    this.element.classList.toggle('jl-bad', message !== '');
    if (message) {
      this.input.setAttribute('aria-invalid', 'true');
      this.input.setAttribute('aria-describedby', this.problem.id);
    } else {
      this.input.removeAttribute('aria-invalid');
      this.input.removeAttribute('aria-describedby');
    }
    this.draw();
  }

  private problemTrait(key: string): string {
    const problem = this.model.get('problem') as Record<string, unknown> | null;
    const value = problem?.[key];
    return value === undefined || value === null ? '' : String(value);
  }

  /** Colours the words and underlines the characters that are wrong. */
  private draw(): void {
    const query = this.input.value;
    const same = query === text(this.model, 'query') && this.problemTrait('message') !== '';
    const from = same ? Number(this.problemTrait('position')) : -1;
    const to = from + Math.max(1, Number(this.problemTrait('length') || 1));
    const parts = split(query).map(word => {
      const part = node('span', `jl-q-${word.kind}`);
      part.textContent = word.text;
      const wrong = from >= 0 && word.start < to && word.start + word.text.length > from;
      if (wrong && word.text.trim()) part.classList.add('jl-q-wrong');
      return part;
    });
    if (from >= query.length && from >= 0) {
      const end = node('span', 'jl-q-wrong');
      end.textContent = '\u00a0\u00a0';
      parts.push(end);
    }
    this.paint.replaceChildren(...parts);
    this.align();
  }

  private align(): void {
    this.paint.style.transform = `translateX(${-this.input.scrollLeft}px)`;
  }
}

function keys(): HTMLElement {
  const foot = node('div', 'jl-query-keys');
  foot.setAttribute('aria-hidden', 'true');
  for (const [key, does] of [
    ['Tab', 'complete'],
    ['Enter', 'run'],
    ['Esc', 'close'],
  ] as const) {
    const mark = node('kbd', 'jl-kbd');
    mark.textContent = key;
    foot.append(mark, ` ${does} `);
  }
  return foot;
}

/** How far from the left a character of the field stands. */
function widthOf(input: HTMLInputElement, place: number): number {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return 0;
  context.font = getComputedStyle(input).font;
  return context.measureText(input.value.slice(0, place)).width;
}
