// Which groups are collapsed, also when the graph becomes another.

import { groupKeys, type Groups } from './grouping';
import { INPUTS } from './scene';

/** Above this many nodes it opens collapsed. */
const OPEN_LIMIT = 300;

export class Folding {
  collapsed: ReadonlySet<number> = new Set();
  /** All groups are collapsed, and those that come will be. */
  private all = false;
  /** Somebody chose what is open: the explorer no longer decides by the room that there is. */
  private chosen = false;
  private groups: Groups | null = null;
  private count = 0;

  /** Takes over other groups: they are known by their titles, a new cell moves their numbers. */
  carry(groups: Groups, count: number): void {
    const before = this.groups;
    this.groups = groups;
    this.count = count;
    if (this.all) this.collapse();
    else if (before !== null) {
      const old = groupKeys(before);
      const now = new Map(groupKeys(groups).map((key, g) => [key, g]));
      const kept = [...this.collapsed].map(g => (g === INPUTS ? g : now.get(old[g]!)));
      this.collapsed = new Set(kept.filter(g => g !== undefined));
    }
  }

  /** Collapses all where there is too much for the room, else opens it; false where nothing changed. */
  suit(narrow: boolean): boolean {
    const collapsed = narrow || this.count > OPEN_LIMIT;
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
    if (this.groups === null) return;
    this.all = true;
    const { titles } = this.groups;
    this.collapsed = new Set(titles.length > 0 ? [...titles.keys(), INPUTS] : []);
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
