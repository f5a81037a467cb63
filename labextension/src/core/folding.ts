// Which groups are collapsed, also when the graph becomes another.

import type { GraphModel } from './model';
import { groupKeys, hasGroups, INPUTS } from './scene';

/** Above this many nodes it opens collapsed. */
const OPEN_LIMIT = 300;

export class Folding {
  collapsed: ReadonlySet<number> = new Set();
  /** All groups are collapsed, and those that come will be. */
  private all = false;
  /** Somebody chose what is open: the explorer no longer decides by the room that there is. */
  private chosen = false;
  private model: GraphModel | null = null;

  /** Takes over another graph: groups are known by their titles, a new cell moves their numbers. */
  carry(model: GraphModel): void {
    const before = this.model;
    this.model = model;
    if (this.all) this.collapse();
    else if (before !== null) {
      const old = groupKeys(before);
      const now = new Map(groupKeys(model).map((key, g) => [key, g]));
      const kept = [...this.collapsed].map(g => (g === INPUTS ? g : now.get(old[g]!)));
      this.collapsed = new Set(kept.filter(g => g !== undefined));
    }
  }

  /** Collapses all where there is too much for the room, else opens it; false where nothing changed. */
  suit(narrow: boolean): boolean {
    const collapsed = narrow || (this.model?.count ?? 0) > OPEN_LIMIT;
    if (this.chosen || collapsed === this.all) return false;
    if (collapsed) this.collapse();
    else this.expand();
    return true;
  }

  collapseAll(): void {
    this.chosen = true;
    this.collapse();
  }

  expandAll(): void {
    this.chosen = true;
    this.expand();
  }

  private collapse(): void {
    if (this.model === null) return;
    this.all = true;
    this.collapsed = new Set(
      hasGroups(this.model) ? [...this.model.view.groups.keys(), INPUTS] : [],
    );
  }

  private expand(): void {
    this.all = false;
    this.collapsed = new Set();
  }

  toggle(group: number): void {
    this.chosen = true;
    if (!this.open(group)) this.collapsed = new Set([...this.collapsed, group]);
  }

  /** Opens a group; false where it is open. */
  open(group: number): boolean {
    if (!this.collapsed.has(group)) return false;
    this.chosen = true;
    this.all = false;
    this.collapsed = new Set([...this.collapsed].filter(other => other !== group));
    return true;
  }
}
