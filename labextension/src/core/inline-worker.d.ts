declare module 'inline-worker:*' {
  /** The bundled source of a worker, as text. */
  const source: string;
  export default source;
}
