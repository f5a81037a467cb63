// Asking for the other end of a path: a hint while it is asked for, then the selection of all ways between.

import { code, h } from './dom';

export class Pathing {
  /** Name of the node from which a path is asked for, or an empty string. */
  from = '';
  readonly element = h('div', { class: 'jl-path-hint jl-float', role: 'status', hidden: true });

  start(name: string): void {
    this.from = name;
    this.element.hidden = name === '';
    this.element.replaceChildren('Path from ', code(name), ': choose the other end. Esc ends it.');
  }

  /** Answers where it began, and asks no more. */
  end(): string {
    const { from } = this;
    this.from = '';
    this.element.hidden = true;
    return from;
  }
}
