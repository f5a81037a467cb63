// One notebook's part of the side panel: its kernel's own explorer, or what it takes to get one.

import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import { button, fill, h } from '../core/dom';
import { icon } from '../core/glyphs';
import { codeLine } from '../core/overlays';
import type { KernelLink } from './link';
import type { Readiness } from './probe';

const SHOW = 'from jupyter_lifecycle.notebook import show_explorer; show_explorer()';
/** Height of the line above a picture that is of before a restart. */
const STRIP = 40;

export class NotebookView extends Panel {
  private readonly hint = new Widget();
  private area: SimplifiedOutputArea | null = null;
  private readonly ended = new AbortController();
  private kernelId = '';
  private shown: Readiness | null | 'waiting' = 'waiting';

  constructor(readonly link: KernelLink) {
    super();
    this.addClass('jl-notebook-view');
    this.addClass('jl-fill');
    this.hint.addClass('jl-lab-hint');
    this.addWidget(this.hint);
    link.changed.connect(this.follow, this);
    this.node.addEventListener('contextmenu', event => event.stopPropagation(), {
      signal: this.ended.signal,
    });
    this.kernelId = link.kernel?.id ?? '';
    this.follow();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.link.changed.disconnect(this.follow, this);
    this.ended.abort();
    super.dispose();
  }

  private follow(): void {
    const { kernel, readiness } = this.link;
    const id = kernel?.id ?? '';
    // A restarted kernel keeps its id: the old picture stays, as of then, until there is a session.
    const other = id !== this.kernelId;
    this.kernelId = id;
    if (other) this.dropArea();
    if (readiness === this.shown && !other) return;
    this.shown = readiness;
    if (readiness === 'ready') this.showExplorer();
    else this.tell();
  }

  private showExplorer(): void {
    const { kernel, notebook } = this.link;
    if (kernel === null) return;
    this.dropArea();
    this.hint.hide();
    const area = new SimplifiedOutputArea({
      model: new OutputAreaModel({ trusted: true }),
      rendermime: notebook.content.rendermime,
    });
    area.addClass('jl-side-area');
    this.area = area;
    this.addWidget(area);
    area.future = kernel.requestExecute({
      code: SHOW,
      silent: false,
      store_history: false,
      stop_on_error: false,
    });
    this.measure();
  }

  private dropArea(): void {
    this.area?.dispose();
    this.area = null;
  }

  /** The hint in place of the explorer: only where there is no picture to keep. */
  private tell(): void {
    const { signal } = this.ended;
    const { readiness } = this.link;
    const load = (): void => void this.link.load();
    if (this.area !== null) {
      this.hint.setHidden(readiness !== 'unloaded');
      fill(
        this.hint.node,
        h(
          'div',
          { class: 'jl jl-strip' },
          h('span', { class: 'jl-grow jl-cut' }, 'Not loaded since the restart.'),
          button('Load', load, signal, { icon: 'play' }),
        ),
      );
      this.measure();
      return;
    }
    this.hint.show();
    const parts: Record<Readiness | 'waiting', () => Node[]> = {
      waiting: () => [h('p', { class: 'jl-second' }, 'The explorer comes with the kernel.')],
      foreign: () => [
        h('strong', {}, 'This kernel is not Python'),
        h('p', { class: 'jl-second' }, 'Features are Python functions.'),
      ],
      missing: () => [
        icon('bolt'),
        h('strong', {}, 'jupyter_lifecycle is not in this kernel'),
        h(
          'p',
          { class: 'jl-second' },
          'The notebook works as before. To see its features, install the package where the kernel runs, then restart it.',
        ),
        codeLine('%pip', ' install jupyter_lifecycle', signal),
      ],
      unloaded: () => [
        h('strong', {}, 'Not loaded in this notebook'),
        h(
          'p',
          { class: 'jl-second' },
          'Put this line into the first cell, or run it once from here.',
        ),
        codeLine('%load_ext', ' jupyter_lifecycle', signal),
        button('Load', load, signal, { icon: 'play' }),
      ],
      ready: () => [],
    };
    const holder = h('div', { class: 'jl jl-hint-text' });
    fill(holder, ...parts[readiness ?? 'waiting']());
    fill(this.hint.node, holder);
  }

  protected override onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    this.measure();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.measure();
  }

  /** The explorer inside takes its height from here: the output area around it has none. */
  private measure(): void {
    const whole = this.node.clientHeight;
    if (whole === 0) return;
    const strip = this.area !== null && this.hint.isVisible ? STRIP : 0;
    this.node.style.setProperty('--jl-explorer-height', `${whole - strip}px`);
    this.hint.node.style.height = strip > 0 ? `${STRIP}px` : '100%';
  }
}
