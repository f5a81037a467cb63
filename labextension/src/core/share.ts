// Taking the picture elsewhere: documents come from the kernel, the PNG from the canvas itself.

import type { ExportFormat } from '../wire';
import type { MenuItem } from './overlays';

interface Shared {
  /** A document of the shown graph. */
  document(format: ExportFormat): Promise<string>;
  /** The picture as it is on the screen. */
  canvas: HTMLCanvasElement;
  connected: boolean;
  failed(message: string): void;
}

const TYPES: Record<ExportFormat, readonly [string, string, string]> = {
  svg: ['SVG picture', 'svg', 'image/svg+xml'],
  html: ['HTML file that works offline', 'html', 'text/html'],
  dot: ['DOT for graphviz', 'dot', 'text/vnd.graphviz'],
  mermaid: ['Mermaid', 'mmd', 'text/plain'],
};

function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of it once the click has returned and a task has passed.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function png(shared: Shared): void {
  shared.canvas.toBlob(blob => {
    if (blob === null) shared.failed('The picture is too large for a PNG. Zoom or narrow it.');
    else download(blob, 'features.png');
  }, 'image/png');
}

export function shareMenu(shared: Shared): MenuItem[] {
  const documents = (Object.keys(TYPES) as ExportFormat[]).map(format => {
    const [text, ending, type] = TYPES[format];
    return {
      text,
      disabled: !shared.connected,
      run: () => {
        shared.document(format).then(
          content => download(new Blob([content], { type }), `features.${ending}`),
          (reason: Error) => shared.failed(reason.message),
        );
      },
    };
  });
  const [first, ...rest] = documents;
  return [first!, { text: 'PNG picture', run: () => png(shared) }, ...rest];
}
