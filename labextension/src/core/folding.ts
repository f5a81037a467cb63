// Which groups are collapsed, also when the graph becomes another.

import type { GraphModel } from './model';
import { groupKeys, hasGroups, INPUTS } from './scene';

export class Folding {
  collapsed: ReadonlySet<number> = new Set();
  /** All groups are collapsed, and those that come will be. */
  private all = false;
  private model: GraphModel | null = null;

  /** Takes over another graph: groups are known by their titles, a new cell moves their numbers. */
  carry(model: GraphModel): void {
    const before = this.model;
    this.model = model;
    if (this.all) this.collapseAll();
    else if (before !== null) {
      const old = groupKeys(before);
      const now = new Map(groupKeys(model).map((key, g) => [key, g]));
      const kept = [...this.collapsed].map(g => (g === INPUTS ? g : now.get(old[g]!)));
      this.collapsed = new Set(kept.filter(g => g !== undefined));
    }
  }

  collapseAll(): void {
    if (this.model === null) return;
    this.all = true;
    this.collapsed = new Set(
      hasGroups(this.model) ? [...this.model.view.groups.keys(), INPUTS] : [],
    );
  }

  expandAll(): void {
    this.all = false;
    this.collapsed = new Set();
  }

  toggle(group: number): void {
    if (!this.open(group)) this.collapsed = new Set([...this.collapsed, group]);
  }

  /** Opens a group; false where it is open. */
  open(group: number): boolean {
    if (!this.collapsed.has(group)) return false;
    this.all = false;
    this.collapsed = new Set([...this.collapsed].filter(other => other !== group));
    return true;
  }
}
