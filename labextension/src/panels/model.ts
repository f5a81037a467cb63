/** What the panels need of a widget's model: the part of anywidget's interface that they use. */
export interface Model {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown): void;
  on(event: string, callback: (content?: unknown) => void): void;
  off(event: string, callback: (content?: unknown) => void): void;
}

/** Calls back when a trait changes, until the view goes. */
export function watch(
  model: Model,
  trait: string,
  signal: AbortSignal,
  callback: () => void,
): void {
  const event = `change:${trait}`;
  model.on(event, callback);
  signal.addEventListener('abort', () => model.off(event, callback));
}

/** A trait that should hold text. */
export function text(model: Model, trait: string): string {
  const value = model.get(trait);
  return typeof value === 'string' ? value : '';
}

/** A trait that should hold words by word. */
export function words(model: Model, trait: string): Record<string, string> {
  const value = model.get(trait);
  return value !== null && typeof value === 'object' ? { ...(value as object) } : {};
}

/** A trait that should hold a list of words. */
export function list(model: Model, trait: string): string[] {
  const value = model.get(trait);
  return Array.isArray(value) ? value.map(String) : [];
}
