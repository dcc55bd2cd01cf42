declare const brand: unique symbol;

/**
 * Identifiers that come from outside are opaque: compared for equality, never parsed, never ordered by
 * spelling. Order, where it matters, is the order of the document.
 */
export type DeviceId = string & { readonly [brand]?: 'DeviceId' };
/** The identifier of one server of a cluster document. */
export type ServerId = string & { readonly [brand]?: 'ServerId' };
/** The name of a level of the fabric, as the cluster document spells it. */
export type TierName = string & { readonly [brand]?: 'TierName' };
/** The identifier of one member of a tier: this rack, that block. */
export type DomainId = string & { readonly [brand]?: 'DomainId' };
/**
 * Names one placement of one solver: the how-manieth it is. A number, since a text for each of millions of placements
 * costs more than deciding where they go.
 */
export type PlacementId = number & { readonly [brand]?: 'PlacementId' };
