// The first line of a `%%feature` cell, and our line magics: drawn as what they are.

import { EditorExtensionRegistry, type IConfigurableExtension } from '@jupyterlab/codemirror';
import { RangeSetBuilder } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';
import { magicSpans } from './spans';

const MARKS = {
  magic: Decoration.mark({ class: 'jl-magic-name' }),
  words: Decoration.mark({ class: 'jl-magic-words' }),
};

function decorate(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to;) {
      const line = view.state.doc.lineAt(at);
      for (const span of magicSpans(line.text))
        builder.add(line.from + span.from, line.from + span.to, MARKS[span.kind]);
      at = line.to + 1;
    }
  }
  return builder.finish();
}

const plugin = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = decorate(view);
    }
    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.decorations = decorate(update.view);
    }
  },
  { decorations: own => own.decorations },
);

export function magicLines(): IConfigurableExtension<unknown> {
  return EditorExtensionRegistry.createImmutableExtension(plugin);
}
