import { getGateway, getSubnet, type Network } from '../network/networks.ts';
import { isSince, type Version } from '../versions.ts';
import { getIsoTime, getReferenceTime } from './time.ts';

/** A network in the shape of the version. Pure. */
export function getNetworkJson(network: Network, version: Version): object {
  const { name, mode, labels, creationDate } = network;
  const status = { ipv4Subnet: getSubnet(network), ipv4Gateway: getGateway(network) };
  if (!isSince(version, '1.0.0')) {
    const config = { id: name, mode, labels, creationDate: getReferenceTime(creationDate) };
    return { id: name, state: 'running', config, status };
  }
  return {
    id: name,
    configuration: {
      name,
      mode,
      labels,
      creationDate: getIsoTime(creationDate),
      plugin: 'container-network-vmnet',
      options: {},
    },
    status,
  };
}
