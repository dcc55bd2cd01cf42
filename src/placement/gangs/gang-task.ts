import type { FreeIndex } from '../state/free-index.js';
import type { Gang } from './gang.js';
import { fillsServers } from './gang-capacity.js';
import { GangTarget } from './gang-target.js';
import { SliceUnits } from './slice-units.js';

/** A server and how many pods of a gang it takes, in a plan under construction. */
export interface Piece {
  readonly server: number;
  readonly pods: number;
}

/** A gang of whole GPUs over several servers, once its size and level are known: what all later phases work with. */
export class GangTask {
  readonly gang: Gang;
  /** Pods that are placed. */
  readonly pods: number;
  /** The narrowest level with a domain that holds them all, 0 or more. */
  readonly level: number;
  /** The domains of that level that hold them all, in tree order. */
  readonly domains: readonly number[];
  readonly units: SliceUnits;
  /** The bandwidth that the phases after it keep to. */
  readonly target: GangTarget;
  /** True where every pod fills a server. */
  readonly isWhole: boolean;
  /** The only kind of servers that can take pods, if every pod fills a server; else -1. */
  readonly wholeKind: number;

  constructor(index: FreeIndex, gang: Gang, pods: number, level: number, domains: readonly number[]) {
    this.gang = gang;
    this.pods = pods;
    this.level = level;
    this.domains = domains;
    this.units = new SliceUnits(gang, pods);
    this.target = new GangTarget(index, gang, pods, level);
    this.isWhole = fillsServers(index, gang.need);
    const kinds = index.kindsFor(gang.need);
    this.wholeKind = this.isWhole && kinds.length === 1 ? kinds[0]! : -1;
  }
}
