import type { World } from './world.ts';

/** Asks for the A record of a name and prints the answer's address; nothing where there is none. */
const ASK = `
import json, socket, struct, sys
port, transport, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
server = json.load(open('/run/cspace/sandbox.json'))['gateway']
labels = b''.join(bytes([len(l)]) + l.encode() for l in name.split('.'))
query = struct.pack('>HHHHHH', 7, 0x0100, 1, 0, 0, 0) + labels + b'\\0' + struct.pack('>HH', 1, 1)
kind = socket.SOCK_STREAM if transport == 'tcp' else socket.SOCK_DGRAM
with socket.socket(socket.AF_INET, kind) as s:
    s.settimeout(5)
    s.connect((server, port))
    s.sendall(struct.pack('>H', len(query)) + query if transport == 'tcp' else query)
    answer = s.recv(4096)[2 if transport == 'tcp' else 0:]
    if struct.unpack('>H', answer[6:8])[0] > 0: print(socket.inet_ntoa(answer[-4:]))`;

/** The address that the gateway's DNS gives to a sandbox, asked over the network and not by way of the guest's resolver. */
export async function digInside(
  world: World,
  sandbox: string,
  { name, transport }: { name: string; transport: 'udp' | 'tcp' },
): Promise<string> {
  const argv = ['python3', '-c', ASK, '5354', transport, name];
  return (await world.cspace(['exec', sandbox, '--', ...argv])).stdout.trim();
}
