import assert from "node:assert/strict";
import fc from "fast-check";
import { key, scene, server } from "./scene.js";

describe("notifier and subscriber, property", () => {
	it("whatever the network does, the last state arrives and no CSeq is used twice", () => {
		fc.assert(
			fc.property(
				fc.record({
					seed: fc.nat(),
					latency: fc.nat(300),
					jitter: fc.nat(800),
					loss: fc.double({ min: 0, max: 0.35, noNaN: true }),
					duplication: fc.double({ min: 0, max: 0.5, noNaN: true }),
				}),
				fc.array(fc.nat(900), { maxLength: 8 }),
				(network, waits) => {
					const made = scene(network);
					const { net, node, peer } = made;
					node.subscribe(0);
					net.run(40_000);
					// Lost as a whole to bad luck (Timer F, Timer N): not what is shown here.
					if (peer.notifier.count(key) === 0) return;
					let count = 0;
					for (const wait of waits) {
						count += 1;
						peer.set(net.now, key, `<v${count}/>`);
						net.drain(server);
						net.run(net.now + wait);
					}
					net.run(net.now + 40_000);
					if (peer.notifier.count(key) === 0) return;
					assert.equal(
						node.learnt.filter((each) => each.startsWith("<")).at(-1),
						count === 0 ? "<one/>" : `<v${count}/>`,
					);
					const numbers = node.notifies.map(({ cseq }) => cseq.number);
					assert.equal(new Set(numbers).size, numbers.length);
				},
			),
			{ numRuns: 150 },
		);
	});

	it("a notifier that restarts at any moment still tells the last state", () => {
		fc.assert(
			fc.property(fc.nat(), fc.nat(600), fc.nat(600), (seed, before, after) => {
				const { net, node, peer, restart, subscribe } = scene({
					seed,
					latency: 40,
					jitter: 60,
					loss: 0.1,
				});
				subscribe();
				if (peer.notifier.count(key) === 0) return;
				peer.set(net.now, key, "<two/>");
				net.drain(server);
				net.run(net.now + before);
				const next = restart();
				net.run(net.now + after);
				next.peer.set(net.now, key, "<three/>");
				next.up();
				net.run(net.now + 40_000);
				if (next.peer.notifier.count(key) === 0) return;
				assert.equal(node.learnt.at(-1), "<three/>");
			}),
			{ numRuns: 100 },
		);
	});
});
