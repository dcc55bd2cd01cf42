import { CorralError, quote } from '../errors.js';

/** The option of all functions about traffic between GPUs. */
export interface PeerToPeerOption {
  /**
   * True if GPUs may exchange data directly across PCIe and sockets; if false, all traffic outside the accelerator
   * fabric passes through host memory. Default: the server document's `peerToPeer`, which is true if absent.
   */
  readonly peerToPeer?: boolean | undefined;
}

/**
 * The checked option `peerToPeer` of a call.
 *
 * @param options - the options of the call
 * @returns its value; undefined = as the server document says
 * @throws CorralError `invalid-option` for anything but true, false and undefined
 * @complexity O(1)
 */
export function peerToPeerOf({ peerToPeer }: PeerToPeerOption): boolean | undefined {
  if (peerToPeer !== undefined && typeof peerToPeer !== 'boolean') {
    throw new CorralError(
      'invalid-option',
      ['options', 'peerToPeer'],
      `${quote(peerToPeer)} is neither true nor false: choose one, or leave it out for what the server document says`,
    );
  }
  return peerToPeer;
}
