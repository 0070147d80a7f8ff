/** The paperwork of a scenario: despatch advices of the trucks and orders of what is to leave. */
import type { Pallet } from './goods.ts';
import { tagsOf } from './goods.ts';
import type { Scenario } from './scenario.ts';
import type { ShipmentLine, TrueShipment } from './truth.ts';

/** Paper allows this much time around the passes. */
const BEFORE_MS = 60_000;
const AFTER_MS = 60_000;

export function planShipments(
  scenario: Scenario,
  startAt: number,
  palletNamed: (name: string) => Pallet,
): TrueShipment[] {
  return scenario.script.flatMap((action): TrueShipment[] => {
    if (action.do === 'receive') {
      const pallets = action.pallets.map((plan) => palletNamed(plan.name));
      return [
        {
          id: action.shipment,
          kind: 'inbound',
          reference: `ASN ${action.shipment}`,
          partner: 'supplier',
          readPoint: action.door,
          ...windowOf(startAt + action.at, pallets.length, action.everySeconds),
          lines: pallets.flatMap(linesOf),
          actualEpcs: pallets.flatMap(tagsOf),
        },
      ];
    }
    if (action.do === 'dispatch') {
      const listed = action.pallets.map(palletNamed);
      const all = [...listed, ...action.unlisted.map(palletNamed)];
      return [
        {
          id: action.shipment,
          kind: 'outbound',
          reference: `Order ${action.shipment}`,
          partner: 'customer',
          readPoint: action.door,
          ...windowOf(startAt + action.at, all.length, action.everySeconds),
          lines: listed.flatMap((pallet) => linesOf({ ...pallet, listedEpcs: pallet.caseEpcs })),
          actualEpcs: all.flatMap(tagsOf),
        },
      ];
    }
    return [];
  });
}

function windowOf(at: number, pallets: number, everySeconds: number) {
  return { expectedFrom: at - BEFORE_MS, expectedTo: at + pallets * everySeconds * 1000 + AFTER_MS };
}

function linesOf(pallet: Pallet): ShipmentLine[] {
  const { gtin, lot, expiry } = pallet.plan;
  return [
    { sscc: pallet.sscc, quantity: 1, epcs: [pallet.ssccEpc] },
    {
      gtin,
      lot,
      ...(expiry === undefined ? {} : { expiry }),
      quantity: pallet.listedEpcs.length,
      epcs: pallet.listedEpcs,
    },
  ];
}
