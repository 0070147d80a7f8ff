/** The configurations people copy: each is right, and those of gateway and cloud speak of the same site. */
import { describe, expect, it } from 'vitest';
import { loadCloudConfig } from '../../cloud/app/config.ts';
import { loadGatewayConfig } from '../../gateway/app/config/config.ts';

const fileOf = (name: string) => new URL(`../../${name}`, import.meta.url).pathname;

describe('the example configurations', () => {
  const cloud = loadCloudConfig(fileOf('cloud.example.yaml'), {});
  const gateway = loadGatewayConfig(fileOf('gateway.example.yaml'));

  it('name the same read points', () => {
    const { doors, bins, probes } = cloud.site;
    const known = [...doors, ...bins, ...probes].map((one) => one.readPoint);
    expect(gateway.readPoints.map((point) => point.id).toSorted()).toEqual(known.toSorted());
  });

  it('let the gateway find the cloud', () => {
    expect(gateway.uplink?.url).toBe(`mqtt://127.0.0.1:${cloud.intake.embedded?.port}`);
  });
});

it('the configurations of the containers are right', () => {
  expect(loadGatewayConfig(fileOf('deploy/gateway.yaml')).uplink?.url).toBe('mqtt://mosquitto:1883');
  expect(() =>
    loadCloudConfig(fileOf('deploy/cloud.yaml'), { DATABASE_URL: 'postgres://p/t' }),
  ).not.toThrow();
});
