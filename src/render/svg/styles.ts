import type { DeviceKind, Medium } from '../../topology/server-document.js';

/** Line colour, width in pixels and name of each medium, in every drawing. */
export const MEDIUM_STYLE: Readonly<
  Record<Medium, { readonly colour: string; readonly width: number; readonly name: string }>
> = {
  nvlink: { colour: '#4C8C2B', width: 2, name: 'NVLink' },
  xgmi: { colour: '#C1272D', width: 2, name: 'xGMI' },
  'scale-up-ethernet': { colour: '#7B3FA0', width: 2, name: 'scale-up Ethernet' },
  pcie: { colour: '#3366AA', width: 1.5, name: 'PCIe' },
  c2c: { colour: '#0B8A8A', width: 2.5, name: 'chip to chip' },
  socket: { colour: '#C46A10', width: 3, name: 'between sockets' },
  'on-package': { colour: '#8A8A8A', width: 1.5, name: 'on package' },
  'on-chip': { colour: '#8A8A8A', width: 1, name: 'on chip' },
};

/** Fill, border and name of each kind of device. */
export const DEVICE_STYLE: Readonly<
  Record<DeviceKind, { readonly fill: string; readonly stroke: string; readonly name: string }>
> = {
  socket: { fill: '#FDF4E7', stroke: '#D9A860', name: 'socket' },
  numa: { fill: '#FAFAFA', stroke: '#B4B4B4', name: 'NUMA node, host bridges' },
  'pcie-switch': { fill: '#DFE8F5', stroke: '#7C9CC9', name: 'PCIe switch' },
  gpu: { fill: '#E4EFD8', stroke: '#6B8E4E', name: 'GPU' },
  nic: { fill: '#FFFFFF', stroke: '#6F7B9C', name: 'NIC' },
  nvswitch: { fill: '#CFE5BC', stroke: '#4C8C2B', name: 'NVSwitch' },
};

/** Fills of groups of GPUs. Most colour-blind readers can distinguish them, and black text is readable on them. */
export const GROUP_COLOURS: readonly string[] = [
  '#F7C948',
  '#56B4E9',
  '#E8835A',
  '#3DB489',
  '#CC8FC0',
  '#A8A8F0',
  '#B9C33C',
  '#D9A37A',
  '#7FD6D0',
  '#F2A6B8',
  '#8FA3C4',
  '#C9B458',
];
