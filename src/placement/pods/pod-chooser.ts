import type { PodNeed } from '../state/pod-need.js';

/** Chooses for one pod among servers from … to. */
export interface PodChooser {
  /** What the last {@link PodChooser.choose} that succeeded chose. */
  readonly server: number;
  readonly gpuMask: number;
  choose(need: PodNeed, from: number, to: number): boolean;
}
