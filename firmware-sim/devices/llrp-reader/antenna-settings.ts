/**
 * What each antenna is set to while an AISpec runs: the reader's configuration, and over it what the AISpec says
 * (LLRP 1.1 §11.2.2.4); antenna 0 speaks for all. Select filters are the state-unaware ones of §16.2.1.2.1.1.
 */
import { type AISpec, type AntennaConfiguration, FILTER_ACTION } from '../../../protocol/wire/llrp/rospec.ts';
import type { AntennaSetting } from './air.ts';
import { attenuationDb, sensitivityFloorDbm } from './identity.ts';
import type { TagMemories, TagMemory } from './tag-memory.ts';

export function settingOf(
  antenna: number,
  configured: readonly AntennaConfiguration[],
  aiSpec: AISpec,
  memories: TagMemories,
): AntennaSetting {
  const own = aiSpec.InventoryParameterSpec?.flatMap((spec) => spec.AntennaConfiguration ?? []) ?? [];
  const layers = [...configured, ...own].filter(({ AntennaID }) => AntennaID === 0 || AntennaID === antenna);
  const last = <T>(pick: (layer: AntennaConfiguration) => T | undefined): T | undefined =>
    layers.map(pick).findLast((value) => value !== undefined);
  const filters = last((layer) => layer.C1G2InventoryCommand?.[0])?.C1G2Filter ?? [];
  return {
    attenuationDb: attenuationDb(last((layer) => layer.RFTransmitter)?.TransmitPower),
    floorDbm: sensitivityFloorDbm(last((layer) => layer.RFReceiver)?.ReceiverSensitivity),
    selects: (tag) =>
      !memories.known(tag)?.isKilled && (filters.length === 0 || isSelected(filters, memories.of(tag))),
  };
}

type Filters = NonNullable<NonNullable<AntennaConfiguration['C1G2InventoryCommand']>[number]['C1G2Filter']>;

function isSelected(filters: Filters, memory: TagMemory): boolean {
  const actionOf = (filter: Filters[number]): number =>
    filter.C1G2TagInventoryStateUnawareFilterAction?.Action ?? FILTER_ACTION.SelectUnselect;
  const first = filters[0] === undefined ? undefined : actionOf(filters[0]);
  // Filters that only take away begin with every tag.
  let selected = first === FILTER_ACTION.UnselectNothing || first === FILTER_ACTION.NothingUnselect;
  for (const filter of filters) {
    const { MB, Pointer, TagMask } = filter.C1G2TagInventoryMask;
    selected = acted(actionOf(filter), memory.bits(MB, Pointer, TagMask.length) === TagMask, selected);
  }
  return selected;
}

function acted(action: number, matches: boolean, selected: boolean): boolean {
  switch (action) {
    case FILTER_ACTION.SelectUnselect:
      return matches;
    case FILTER_ACTION.SelectNothing:
      return matches || selected;
    case FILTER_ACTION.NothingUnselect:
      return matches && selected;
    case FILTER_ACTION.UnselectNothing:
      return !matches && selected;
    case FILTER_ACTION.UnselectSelect:
      return !matches;
    case FILTER_ACTION.NothingSelect:
      return !matches || selected;
    default:
      return selected;
  }
}
