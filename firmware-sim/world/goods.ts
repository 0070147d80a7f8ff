/**
 * Goods: pallets with tagged cases, minted from a company prefix. Serials are unique per world; the same seed and
 * script give the same tags.
 */
import { decodeEpc, encodeDsgtinPlus, encodeSgtin96, encodeSscc96 } from '../../protocol/epc/epc.ts';
import type { PalletPlan } from './scenario.ts';

export interface Pallet {
  readonly plan: PalletPlan;
  readonly ssccEpc: string;
  readonly sscc: string;
  /** Tags of the cases that really stand on it. */
  readonly caseEpcs: readonly string[];
  /** Tags the sender lists: may differ from what stands on it. */
  readonly listedEpcs: readonly string[];
}

/** All tags that go through a door with the pallet. */
export const tagsOf = (pallet: Pallet): string[] => [pallet.ssccEpc, ...pallet.caseEpcs];

interface GoodsMint {
  pallet(plan: PalletPlan): Pallet;
  /** A tag that belongs to nothing in the script. */
  strayTag(): string;
}

export function createGoodsMint(companyPrefix: string, seed: number): GoodsMint {
  // Serials of two seeds stay apart, so that two runs against one database do not share objects.
  let serial = (Math.abs(seed) % 100_000) * 1_000_000;
  const nextSerial = () => ++serial;

  const caseTag = (plan: PalletPlan): string => {
    if (plan.tag === 'dsgtin+') {
      if (plan.expiry === undefined)
        throw new Error(`pallet ${plan.name}: a dsgtin+ tag needs an expiry date`);
      return encodeDsgtinPlus({
        gtin: plan.gtin,
        serial: String(nextSerial()),
        date: plan.expiry,
        dateKind: 'expiry',
        filter: 2,
      });
    }
    return encodeSgtin96({
      companyPrefix,
      itemReference: plan.gtin.slice(0, 1) + plan.gtin.slice(1 + companyPrefix.length, 13),
      serial: nextSerial(),
      filter: 2,
    });
  };

  return {
    pallet(plan) {
      const serialReference = String(nextSerial())
        .padStart(17 - companyPrefix.length, '0')
        .slice(-(17 - companyPrefix.length));
      const ssccEpc = encodeSscc96({ companyPrefix, serialReference, filter: 2 });
      const decoded = decodeEpc(ssccEpc);
      const listed = Array.from({ length: plan.cases }, () => caseTag(plan));
      const extra = Array.from({ length: plan.extra }, () => caseTag(plan));
      return {
        plan,
        ssccEpc,
        sscc: (decoded.scheme !== 'raw' && decoded.sscc) || '',
        caseEpcs: [...listed.slice(plan.missing), ...extra],
        listedEpcs: listed,
      };
    },
    strayTag: () =>
      encodeSgtin96({
        companyPrefix,
        itemReference: '9'.repeat(13 - companyPrefix.length),
        serial: nextSerial(),
        filter: 1,
      }),
  };
}
