// Written by scripts/wire_types.py from jupyter_lifecycle/widgets/wire.py. Change that file.

export const STATES = ["fresh", "cached", "stale", "queued", "running", "error", "input", "unbound", "new"] as const;

export type State = "fresh" | "cached" | "stale" | "queued" | "running" | "error" | "input" | "unbound" | "new";

export type Action = "inspect" | "run" | "invalidate" | "drop" | "select" | "interrupt";

export type Mark = "" | "added" | "removed" | "changed" | "values";

export type ExportFormat = "svg" | "dot" | "mermaid" | "html";

/** The graph's structure: sent whole when the graph changes, never for a change of state. */
export interface GraphView {
  readonly version: number;
  readonly names: readonly string[];
  readonly kinds: readonly ("feature" | "input" | "unbound")[];
  /** Titles of the groups in notebook order, such as `Rolling delays`. */
  readonly groups: readonly string[];
  /** Beside each title, such as `cell 4`. */
  readonly group_notes: readonly string[];
  /** For each node the index of its group, or -1. */
  readonly group: readonly number[];
  /** Pairs of node indices, flat: parent, child, parent, child … */
  readonly edges: readonly number[];
  /** First line of each docstring. */
  readonly docs: readonly string[];
  /** Whether there is a session behind it that can run features; else it is only looked at. */
  readonly live: boolean;
  /** For each group the id of its cell in the notebook; empty where there are no cells. */
  readonly cells: readonly string[];
  /** Key and value of each tag, with the nodes that have it. */
  readonly tags: readonly (readonly [string, string, readonly number[]])[];
  /** For each node what differs between two versions; empty where there is one version. */
  readonly marks: readonly Mark[];
  /** For each node how it differs: `constant KNOTS changed`, `removed from cell 3`. */
  readonly mark_notes: readonly string[];
  /** What is compared, before and after: `2c81e0f9b1`, `this notebook`. */
  readonly versions: readonly string[];
  /** What the states say where they are verdicts: `departure-delay, last day`; else empty. */
  readonly skew: string;
  /** Nodes that moved though nothing that they read did. */
  readonly began: readonly number[];
}

/** Live facts about one node; `None` where not known. */
export type NodeRow = readonly [
  index: number,
  state: State,
  note: string,
  dtype: string,
  seconds: number | null,
  rows: number | null,
  nulls: number | null,
  bytes: number | null,
  hit: boolean | null,
];

/** A change of states: all nodes at first, then only those that changed. */
export interface StatesView {
  /** The :class:`GraphView` it belongs to. */
  readonly version: number;
  readonly nodes: readonly NodeRow[];
  /** What runs, for the foot: `origin_congestion`; empty when idle. */
  readonly running: string;
  readonly done: number;
  /** Features recomputed so far and in this computation; 0 and 0 when idle. */
  readonly total: number;
  /** The foot when idle: `All 19 from cache, 6 ms.` or the last failure. */
  readonly message: string;
}

/** A neighbour in the inspector. */
export interface Parent {
  readonly name: string;
  readonly state: State;
}

/** All that the inspector shows of one node, answered on demand. */
export interface Inspection {
  readonly name: string;
  readonly state: State;
  readonly kind: "feature" | "input" | "unbound";
  readonly doc: string;
  readonly source: string;
  readonly origin: string;
  readonly dtype: string;
  /** Label and figure, ready to show: rows, null, min, max, median, distinct, bytes, time. */
  readonly facts: readonly (readonly [string, string])[];
  /** Heights of up to 24 bars, 0 to 1; empty where it has none. */
  readonly histogram: readonly number[];
  /** The five largest categories with their share, for a column that is no number. */
  readonly categories: readonly (readonly [string, number])[];
  /** First values, formatted. */
  readonly head: readonly string[];
  /** Why it recomputed or did not, one line a step, cause first. */
  readonly why: readonly string[];
  readonly error: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly parents: readonly Parent[];
  readonly children: readonly Parent[];
}

/** What a query means, or what is wrong with it. */
export interface Selected {
  readonly query: string;
  readonly nodes: readonly number[];
  /** It asks by the graph itself (`+x`): then only these are worth seeing. */
  readonly around: boolean;
  readonly error: string;
  /** Where in the query the error is, and how long: in characters. */
  readonly position: number;
  readonly length: number;
  /** What was probably meant in its place; empty where nothing is near. */
  readonly suggestion: string;
}

/** What may stand in the query from `start` to before `end`. */
export interface Completed {
  readonly start: number;
  readonly end: number;
  /** What would stand there, and a few words about it. */
  readonly options: readonly (readonly [string, string])[];
}

/** What a view asks of the kernel. */
export interface Request {
  /**
   * `hello` asks for the graph and all states: sent by a view that has none. `select`: which
   * nodes `text` means; `describe`: which query means `names`; `complete`: what may stand
   * at the cursor `at`; `export`: the graph in the format `text`, only `names` if given.
   */
  readonly type: "hello" | "inspect" | "act" | "select" | "describe" | "complete" | "export";
  /** Comes back in the :class:`Reply`. */
  readonly id: number;
  /** What to do with the names; read where `type` is `act`. */
  readonly action: Action;
  readonly names: readonly string[];
  readonly text: string;
  readonly at: number;
}

/** The kernel's answer to one :class:`Request`. */
export interface Reply {
  readonly id: number;
  readonly inspection: Inspection | null;
  /** What went wrong, ready to show; empty where nothing did. */
  readonly error: string;
  readonly selected: Selected | null;
  readonly completed: Completed | null;
  /** A described query, or an exported document. */
  readonly text: string;
}

/** A cell that defines or computes features, as its badge shows it. */
export interface CellView {
  /** `cellId` of the notebook's cell. */
  readonly id: string;
  readonly role: "defines" | "computes";
  /** The worst of its features'. */
  readonly state: State;
  /** How many of its features are in each state, the worst first. */
  readonly counts: readonly (readonly [State, number])[];
  /** The first of its features that is in that state. */
  readonly worst: string;
  readonly names: readonly string[];
  /** Line of each feature within the cell, from 1; 0 where it is only computed there. */
  readonly lines: readonly number[];
}

/** What the lab extension shows of a session besides the explorer: badges and the status bar. */
export interface CellsView {
  /** All at first, then only those that changed. */
  readonly cells: readonly CellView[];
  /** Cells that define and compute nothing any more. */
  readonly gone: readonly string[];
  readonly stale: number;
  readonly failed: number;
  readonly done: number;
  /** Features recomputed so far and in this computation; 0 and 0 when idle. */
  readonly total: number;
  readonly running: string;
}

/** A code cell of the open notebook, in its order. */
export interface CellPlace {
  readonly id: string;
  /** The heading above it. */
  readonly title: string;
}

/** What the lab extension says to the kernel. */
export interface CellsRequest {
  readonly type: "cells" | "act";
  /** Path of the notebook: several may use one kernel. */
  readonly notebook: string;
  /** All code cells, where `type` is `cells`. */
  readonly cells: readonly CellPlace[];
  /** Comes back in the :class:`CellsReply`, where `type` is `act`. */
  readonly id: number;
  /** `recompute` runs all that is stale; it needs no names. */
  readonly action: "run" | "recompute" | "invalidate" | "drop";
  readonly names: readonly string[];
}

/** How an action ended. */
export interface CellsReply {
  readonly id: number;
  /** What went wrong, ready to show; empty where nothing did. */
  readonly error: string;
}
