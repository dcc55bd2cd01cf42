/** Some servers, from … to, and how many pods go there. */
export interface Allotment {
  readonly from: number;
  readonly to: number;
  readonly pods: number;
}
