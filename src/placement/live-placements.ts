import type { PlacementId } from '../ids.js';

/** A live placement as kept: its id, and the slot it is kept in. */
export interface Slotted {
  readonly id: PlacementId;
  readonly slot: number;
}

/** The state of {@link LivePlacements}. */
export interface LiveCopy<T> {
  readonly slots: readonly (T | undefined)[];
  readonly spare: readonly number[];
  readonly issued: number;
  readonly count: number;
}

/**
 * The live placements by slot; slots of released ones are used again. An id tells the how-manieth placement it is, so
 * no two are alike. Who comes with the object that was issued needs no look-up by name: the table of names is built
 * when somebody first comes with a copy.
 */
export class LivePlacements<T extends Slotted> {
  count = 0;
  #slots: (T | undefined)[] = [];
  #spare: number[] = [];
  #issued = 0;
  #byId: Map<PlacementId, T> | undefined;

  /** The id of the next placement. */
  nextId(): PlacementId {
    return this.#issued + 1;
  }

  /** The slot of the next placement. */
  nextSlot(): number {
    return this.#spare.length > 0 ? this.#spare[this.#spare.length - 1]! : this.#slots.length;
  }

  /** Keeps a placement with {@link LivePlacements.nextId} and {@link LivePlacements.nextSlot}. */
  add(placement: T): void {
    if (this.#spare.length > 0) this.#spare.pop();
    this.#slots[placement.slot] = placement;
    this.#issued++;
    this.count++;
    this.#byId?.set(placement.id, placement);
  }

  /** The live placement of this id; undefined if there is none. O(live placements) for the first one asked for. */
  find(id: unknown): T | undefined {
    if (this.#byId === undefined) {
      this.#byId = new Map();
      for (const placement of this.#slots) {
        if (placement !== undefined) this.#byId.set(placement.id, placement);
      }
    }
    return this.#byId.get(id as PlacementId);
  }

  has(placement: T): boolean {
    return this.#slots[placement.slot] === placement;
  }

  remove(placement: T): void {
    this.#slots[placement.slot] = undefined;
    this.#spare.push(placement.slot);
    this.count--;
    this.#byId?.delete(placement.id);
  }

  copy(): LiveCopy<T> {
    const { count } = this;
    return { slots: this.#slots.slice(), spare: this.#spare.slice(), issued: this.#issued, count };
  }

  overwrite(copy: LiveCopy<T>): void {
    this.#slots = copy.slots.slice();
    this.#spare = copy.spare.slice();
    this.#issued = copy.issued;
    this.count = copy.count;
    this.#byId = undefined;
  }
}
