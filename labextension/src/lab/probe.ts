// Asks a kernel, without a trace in its history, whether the package is there and loaded.

import type { Kernel } from '@jupyterlab/services';

export type Readiness = 'missing' | 'unloaded' | 'ready' | 'foreign';

const EXPRESSIONS = {
  installed: "__import__('importlib.util').util.find_spec('jupyter_lifecycle') is not None",
  loaded: "'feature' in get_ipython().magics_manager.magics['cell']",
};

/** Python's `True` in an answered expression. */
function holds(expressions: unknown, name: keyof typeof EXPRESSIONS): boolean {
  const own = (expressions as Record<string, { data?: Record<string, unknown> }> | undefined)?.[
    name
  ];
  return own?.data?.['text/plain'] === 'True';
}

export async function probe(kernel: Kernel.IKernelConnection): Promise<Readiness> {
  const info = await kernel.info;
  if (info.language_info.name !== 'python') return 'foreign';
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    stop_on_error: false,
    user_expressions: EXPRESSIONS,
  });
  const reply = await future.done;
  const content = reply.content as { user_expressions?: unknown };
  if (!holds(content.user_expressions, 'installed')) return 'missing';
  return holds(content.user_expressions, 'loaded') ? 'ready' : 'unloaded';
}
