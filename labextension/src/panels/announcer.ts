/**
 * What plain ipywidgets cannot do for a panel: say what happened to a screen reader, tie hints to
 * their fields, listen to marks in charts and texts, copy, count seconds and keep the focus.
 */
import { text, watch, type Model } from './model';

const FOCUSABLE =
  'button, input, select, textarea, a[href], summary, [tabindex]:not([tabindex="-1"])';
const QUIET_MS = 2000;
const COPIED_MS = 1500;

export function renderAnnouncer(model: Model, el: HTMLElement, signal: AbortSignal): void {
  el.classList.add('jl-announcer');
  const say = speaker(region(el, 'status'), signal);
  const alert = region(el, 'alert');
  watch(model, 'message', signal, () => say(text(model, 'message')));
  watch(model, 'alert', signal, () => {
    alert.textContent = text(model, 'alert');
  });
  whenAttached(el, signal, root => new Root(model, root, say, signal));
}

function region(el: HTMLElement, role: string): HTMLElement {
  const node = document.createElement('div');
  node.className = 'jl-sr';
  node.setAttribute('role', role);
  el.append(node);
  return node;
}

/** Says at most one thing in two seconds; the last one always. */
function speaker(node: HTMLElement, signal: AbortSignal): (words: string) => void {
  let last = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener('abort', () => clearTimeout(timer));
  return words => {
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        last = performance.now();
        node.textContent = words;
      },
      Math.max(0, last + QUIET_MS - performance.now()),
    );
  };
}

/** A widget is drawn before it stands in the page. */
function whenAttached(
  el: HTMLElement,
  signal: AbortSignal,
  ready: (root: HTMLElement) => void,
): void {
  const look = (): void => {
    if (signal.aborted) {
      return;
    }
    const root = el.closest<HTMLElement>('.jl-panel');
    if (root) {
      ready(root);
    } else {
      requestAnimationFrame(look);
    }
  };
  look();
}

let fields = 0;

class Root {
  /** What had the focus last, to give it back when its markup is replaced. */
  private held = '';

  constructor(
    private readonly model: Model,
    private readonly root: HTMLElement,
    private readonly say: (words: string) => void,
    signal: AbortSignal,
  ) {
    root.addEventListener('click', event => this.click(event), { signal });
    root.addEventListener('focusin', event => this.hold(event.target), { signal });
    root.addEventListener('keydown', event => this.key(event), { signal });
    const observer = new MutationObserver(() => this.refresh());
    observer.observe(root, { childList: true, subtree: true });
    const clock = setInterval(() => this.tick(), 1000);
    signal.addEventListener('abort', () => {
      observer.disconnect();
      clearInterval(clock);
    });
    watch(model, 'focus', signal, () => this.focus());
    this.refresh();
    this.tick();
    this.focus();
  }

  private click(event: Event): void {
    const mark = (event.target as Element).closest<HTMLElement>('[data-jl], [data-jl-copy]');
    if (!mark || !this.root.contains(mark)) {
      return;
    }
    if (mark.dataset.jlCopy !== undefined) {
      void this.copy(mark);
    } else {
      this.model.send({ value: mark.dataset.jl });
    }
  }

  private async copy(button: HTMLElement): Promise<void> {
    const source = button.closest('.jl-copied-from')?.querySelector('.jl-copy-text');
    await write(source?.textContent ?? '');
    this.say('Copied.');
    button.classList.add('jl-was-copied');
    setTimeout(() => button.classList.remove('jl-was-copied'), COPIED_MS);
  }

  /** Keys of a mark that is no button, and the way out. */
  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.key === 'Escape' && !event.defaultPrevented) {
      target.blur();
      this.root.closest<HTMLElement>('.jp-Notebook, .jp-Cell')?.focus();
    } else if (
      (event.key === 'Enter' || event.key === ' ') &&
      target.matches('[data-jl][tabindex]')
    ) {
      event.preventDefault();
      target.click();
    }
  }

  private hold(target: EventTarget | null): void {
    const element = target instanceof HTMLElement ? target : null;
    this.held = element?.dataset.jl ?? '';
  }

  /** The markup of a part may have been replaced: name what is new in it. */
  private refresh(): void {
    for (const node of this.root.querySelectorAll<HTMLElement>(FOCUSABLE)) {
      node.dataset.lmSuppressShortcuts = 'true';
    }
    for (const field of this.root.querySelectorAll<HTMLElement>('.jl-field')) {
      describe(field);
    }
    if (this.held && document.activeElement === document.body) {
      this.root.querySelector<HTMLElement>(`[data-jl="${CSS.escape(this.held)}"]`)?.focus();
    }
  }

  /** Seconds that something takes so far, counted here so that the kernel need not send them. */
  private tick(): void {
    for (const node of this.root.querySelectorAll<HTMLElement>('[data-jl-since]')) {
      const seconds = Math.max(0, Math.round(Date.now() / 1000 - Number(node.dataset.jlSince)));
      node.textContent = elapsed(seconds);
    }
  }

  /** The trait is a selector and a number behind a space, so that the same one can be asked twice. */
  private focus(): void {
    const selector = text(this.model, 'focus').replace(/ #\d+$/, '');
    if (selector) {
      this.root.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true });
    }
  }
}

function elapsed(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

/** Ties a field's hint to its control; a hint that is a problem marks the control. */
function describe(field: HTMLElement): void {
  const control = field.querySelector<HTMLElement>('input, select, textarea');
  const hint = field.querySelector<HTMLElement>('.jl-hint');
  if (!control) {
    return;
  }
  if (hint) {
    hint.id ||= `jl-hint-${++fields}`;
    control.setAttribute('aria-describedby', hint.id);
  } else {
    control.removeAttribute('aria-describedby');
  }
  const bad = hint?.classList.contains('jl-bad') ?? false;
  if (bad) {
    control.setAttribute('aria-invalid', 'true');
  } else {
    control.removeAttribute('aria-invalid');
  }
}

async function write(words: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    // no permission or no secure context: the old way, through a selection
    const area = document.createElement('textarea');
    area.value = words;
    area.className = 'jl-sr';
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}
