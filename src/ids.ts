declare const brand: unique symbol;

/**
 * The identifier of a device. Like all identifiers from outside it is opaque: it is compared for equality, never
 * parsed, and never ordered by its spelling. Where order matters, it is the order of the document.
 */
export type DeviceId = string & { readonly [brand]?: 'DeviceId' };
/** The identifier of one server of a cluster document. */
export type ServerId = string & { readonly [brand]?: 'ServerId' };
/** The name of a level of the fabric in the cluster document. */
export type TierName = string & { readonly [brand]?: 'TierName' };
/** The identifier of a domain, which is one member of a tier, such as one rack. */
export type DomainId = string & { readonly [brand]?: 'DomainId' };
/**
 * The identifier of a placement of one solver: placements are numbered in the order they are made. It is a number,
 * because making a text for each of millions of placements would take longer than placing them.
 */
export type PlacementId = number & { readonly [brand]?: 'PlacementId' };
