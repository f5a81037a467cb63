/**
 * A table of a hundred thousand rows: only those in view are in the page, and the kernel is asked
 * for pages as they come into view. A row that is not there yet has its height already.
 */
import { list, watch, type Model } from './model';
import type { Cell, Column, Row } from './rows';
import { cells, headings, isColumn, isRow, node } from './rows';

const PAGE = 200;
const ROW = 34;
const CARD = 78;
const NARROW = 640;
const AROUND = 8;
const MOST_TICKED = 5;
const PAUSE_MS = 80;
let count = 0;

export class Grid {
  readonly element = node('div', 'jl-grid');
  private readonly id = `jl-grid-${++count}`;
  private readonly head = node('div', 'jl-grid-head');
  private readonly scroller = node('div', 'jl-grid-scroll');
  private readonly sheet = node('div', 'jl-grid-sheet');
  private readonly empty = node('div', 'jl-grid-empty');
  private readonly rows = new Map<number, Row>();
  private readonly asked = new Set<number>();
  private columns: Column[] = [];
  private generation = -1;
  private end = 0;
  private more = true;
  private active = 0;
  private rowHeight = ROW;
  private telling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly model: Model,
    signal: AbortSignal,
    private readonly toQuery: () => void,
  ) {
    this.build();
    const observer = new ResizeObserver(() => this.measure());
    observer.observe(this.element);
    signal.addEventListener('abort', () => observer.disconnect());
    this.scroller.addEventListener('scroll', () => this.draw(), { passive: true, signal });
    this.element.addEventListener('keydown', event => this.key(event), { signal });
    this.element.addEventListener('click', event => this.click(event), { signal });
    for (const trait of ['columns', 'order']) {
      watch(model, trait, signal, () => this.restart());
    }
    watch(model, 'generation', signal, () => this.renew());
    for (const trait of ['total', 'ticked']) {
      watch(model, trait, signal, () => this.draw());
    }
    this.restart();
  }

  private build(): void {
    const { element, scroller, sheet } = this;
    this.head.setAttribute('role', 'row');
    element.setAttribute('role', 'grid');
    element.setAttribute('aria-label', 'Envelopes');
    element.setAttribute('aria-multiselectable', 'true');
    scroller.tabIndex = 0;
    scroller.dataset.lmSuppressShortcuts = 'true';
    scroller.setAttribute('role', 'rowgroup');
    scroller.setAttribute('aria-label', 'Rows: arrows move, Space ticks, Enter opens');
    scroller.append(sheet, this.empty);
    element.append(this.head, scroller);
  }

  /** Takes a page; one of an older result is let go. */
  take(message: Record<string, unknown>): void {
    if (message.generation !== this.generation || !Array.isArray(message.rows)) return;
    const start = Number(message.start);
    message.rows.filter(isRow).forEach((row, index) => this.rows.set(start + index, row));
    this.end = Math.max(this.end, start + message.rows.length);
    this.more = this.end === start + message.rows.length ? message.more === true : this.more;
    if (start === 0 && this.rows.size > 0) this.tellChosen();
    this.draw();
  }

  private restart(): void {
    const columns = this.model.get('columns');
    this.columns = Array.isArray(columns) ? columns.filter(isColumn) : [];
    const widths = this.columns.map(column => column.width).join(' ');
    this.element.style.setProperty('--jl-columns', `34px ${widths}`);
    this.head.replaceChildren(...headings(this.columns, String(this.model.get('order'))));
    this.renew();
  }

  private renew(): void {
    const generation = Number(this.model.get('generation'));
    if (generation !== this.generation) {
      this.generation = generation;
      this.rows.clear();
      this.asked.clear();
      this.end = 0;
      this.more = true;
      this.active = 0;
      this.scroller.scrollTop = 0;
    }
    this.draw();
  }

  private get total(): number {
    const total = Number(this.model.get('total'));
    return total >= 0 ? Math.max(total, this.end) : this.end + (this.more ? PAGE : 0);
  }

  private measure(): void {
    const narrow = this.element.clientWidth < NARROW;
    this.rowHeight = narrow ? CARD : ROW;
    this.element.classList.toggle('jl-cards', narrow);
    this.draw();
  }

  private draw(): void {
    const { scroller, rowHeight } = this;
    const total = this.total;
    this.element.setAttribute('aria-rowcount', String(total + 1));
    this.sheet.style.height = `${total * rowHeight}px`;
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - AROUND);
    const shown = Math.ceil(scroller.clientHeight / rowHeight) + 2 * AROUND;
    const last = Math.min(total, first + shown);
    const drawn: HTMLElement[] = [];
    for (let index = first; index < last; index++) drawn.push(this.row(index));
    this.sheet.replaceChildren(...drawn);
    this.empty.hidden = !(this.generation >= 0 && total === 0);
    this.empty.textContent = String(this.model.get('empty') ?? '');
    scroller.setAttribute('aria-activedescendant', `${this.id}-${this.active}`);
    if (last > first) this.ask(Math.floor(first / PAGE), Math.floor((last - 1) / PAGE));
  }

  private ask(from: number, to: number): void {
    for (let page = from; page <= to; page++) {
      if (this.asked.has(page) || this.rows.has(page * PAGE)) continue;
      this.asked.add(page);
      this.model.send({ ask: 'page', generation: this.generation, page });
    }
  }

  private row(index: number): HTMLElement {
    const row = this.rows.get(index);
    const line = node('div', 'jl-grid-row');
    line.id = `${this.id}-${index}`;
    line.setAttribute('role', 'row');
    line.setAttribute('aria-rowindex', String(index + 2));
    line.style.transform = `translateY(${index * this.rowHeight}px)`;
    line.dataset.index = String(index);
    if (!row) {
      line.classList.add('jl-grid-ghost');
      line.setAttribute('aria-busy', 'true');
      return line;
    }
    const ticked = list(this.model, 'ticked').includes(row.id);
    line.classList.toggle('jl-active', index === this.active);
    line.setAttribute('aria-selected', String(index === this.active));
    line.append(...cells(this.columns, row, ticked));
    return line;
  }

  private click(event: Event): void {
    const target = event.target as HTMLElement;
    const heading = target.closest<HTMLElement>('[data-sort]');
    if (heading) {
      const add = (event as MouseEvent).shiftKey;
      this.model.send({ ask: 'sort', key: heading.dataset.sort, add });
      return;
    }
    const line = target.closest<HTMLElement>('.jl-grid-row');
    if (!line) return;
    this.moveTo(Number(line.dataset.index));
    if (target.closest('.jl-tick')) this.tick();
    this.scroller.focus({ preventScroll: true });
  }

  private key(event: KeyboardEvent): void {
    const onHeading = (event.target as HTMLElement).closest('[data-sort]');
    if (onHeading) return;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.rowHeight) - 1);
    const moves: Record<string, number> = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.total - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) this.moveTo(to);
    else if (event.key === ' ') this.tick();
    else if (event.key === 'Enter') this.model.send({ ask: 'open' });
    else if (event.key === '/') this.toQuery();
    else if (event.key === 'r' && !event.ctrlKey && !event.metaKey) {
      this.model.send({ ask: 'refresh' });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private moveTo(index: number): void {
    this.active = Math.min(Math.max(0, index), Math.max(0, this.total - 1));
    const top = this.active * this.rowHeight;
    const { scroller } = this;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + this.rowHeight > scroller.scrollTop + scroller.clientHeight) {
      scroller.scrollTop = top + this.rowHeight - scroller.clientHeight;
    }
    this.draw();
    this.tellChosen();
  }

  /** The detail follows the row, once it rests there. */
  private tellChosen(): void {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const row = this.rows.get(this.active);
      if (!row) return;
      this.model.set('chosen', row.id);
      this.model.save_changes();
    }, PAUSE_MS);
  }

  private tick(): void {
    const row = this.rows.get(this.active);
    if (!row) return;
    const ticked = list(this.model, 'ticked');
    const kept = ticked.filter(id => id !== row.id);
    if (kept.length === ticked.length) kept.push(row.id);
    this.model.set('ticked', kept.slice(-MOST_TICKED));
    this.model.save_changes();
    this.draw();
  }
}

export type { Cell };
