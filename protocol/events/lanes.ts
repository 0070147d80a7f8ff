/**
 * Lanes: independent ordered sequences of the journal and the link. Stock first when the line is thin;
 * condition is the first to be thinned when the disk is full.
 */
import type { StockEventType } from './stock-event.ts';

export const LANES = ['stock', 'condition', 'health'] as const;
export type Lane = (typeof LANES)[number];

const LANE_OF: Record<StockEventType, Lane> = {
  receipt: 'stock',
  dispatch: 'stock',
  passage: 'stock',
  weighing: 'stock',
  sample: 'condition',
  contact: 'condition',
  device: 'health',
  gap: 'health',
  clock: 'health',
};

export function laneOf(type: StockEventType): Lane {
  return LANE_OF[type];
}
