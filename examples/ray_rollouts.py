"""Asynchronous reinforcement learning on Ray: many actors roll out, one learner learns, all log to one experiment.

    python examples/ray_rollouts.py

32 actors play CartPole with whatever policy they were given last, and never wait for each other; the learner
updates the policy as soon as some of them are back, and corrects for how old their policies were. An evaluator
plays with policies of the past, so its results arrive late, at old steps. Every process writes to the same
experiment by itself: the driver hands its client to them, and what travels is a handle that opens the experiment
there. On the experiment's page choose "across writers" to see mean and band of all actors.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from typing import Any

import gymnasium
import numpy as np
import ray
from attrs import frozen

from tora import AsyncTora

FEATURES, ACTIONS = 5, 2  # CartPole's four numbers and a constant; left and right
DISCOUNT = 0.99


@frozen
class Episode:
    """What an actor played.

    Attributes:
        version: Of the policy that it played with.
        features: Shape (steps, FEATURES).
        actions: Shape (steps,), 0 or 1.
        chances: The probability that the policy gave each action; shape (steps,).
        reward: The sum of the rewards, which is the number of steps.
    """

    version: int
    features: np.ndarray
    actions: np.ndarray
    chances: np.ndarray
    reward: float


def probabilities(weights: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Return the policy's probabilities of the actions; softmax of a linear map, shape (..., ACTIONS)."""
    scores = features @ weights
    powers: np.ndarray = np.exp(scores - scores.max(-1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(-1, keepdims=True)
    return shares


def play(environment: Any, weights: np.ndarray, version: int, chance: np.random.Generator) -> Episode:
    """Play one episode."""
    seen: list[tuple[np.ndarray, int, float]] = []
    state, _ = environment.reset(seed=int(chance.integers(2**31)))
    over = False
    while not over:
        features = np.append(state, 1.0)
        chances = probabilities(weights, features)
        action = int(chance.random() < chances[1])
        seen.append((features, action, chances[action]))
        state, _, ended, cut, _ = environment.step(action)
        over = ended or cut
    features, actions, taken = zip(*seen, strict=True)
    return Episode(version, np.array(features), np.array(actions), np.array(taken), float(len(seen)))


@ray.remote(num_cpus=0)
class Actor:
    """Plays episodes, and logs how they went."""

    def __init__(self, client: AsyncTora, seed: int) -> None:
        self._client = client
        self._environment = gymnasium.make("CartPole-v1")
        self._chance = np.random.default_rng(seed)

    async def roll_out(self, weights: np.ndarray, version: int) -> Episode:
        """Play one episode with a policy."""
        episode = play(self._environment, weights, version, self._chance)
        await self._client.log("rollout/reward", episode.reward, step=version)
        return episode

    async def evaluate(self, weights: np.ndarray, version: int, episodes: int) -> None:
        """Play some episodes with a policy of the past, and log their mean at the past's step."""
        rewards = []
        for _ in range(episodes):
            rewards.append(play(self._environment, weights, version, self._chance).reward)
            await asyncio.sleep(0)
        await self._client.log("evaluation/reward", float(np.mean(rewards)), step=version)

    async def close(self) -> int:
        """Deliver what waits, and return how many metrics of this actor are stored."""
        return (await self._client.shutdown()).stored


class Learner:
    """REINFORCE with Adam; importance weights, cut at 1, correct for policies that are no longer current.

    The weights are those of Espeholt et al., IMPALA, 2018 (https://arxiv.org/abs/1802.01561), over single actions.
    """

    def __init__(self, seed: int, rate: float) -> None:
        self.weights = np.random.default_rng(seed).normal(0, 0.01, (FEATURES, ACTIONS))
        self.version = 0
        self._rate = rate
        self._mean, self._square = np.zeros_like(self.weights), np.zeros_like(self.weights)

    def learn(self, episodes: list[Episode]) -> dict[str, float]:
        """Improve the policy by some episodes; return what is worth logging."""
        features = np.concatenate([each.features for each in episodes])
        actions = np.concatenate([each.actions for each in episodes])
        returns = np.concatenate([_returns(len(each.actions)) for each in episodes])
        advantages = (returns - returns.mean()) / (returns.std() + 1e-8)
        now = probabilities(self.weights, features)
        chosen = now[np.arange(len(actions)), actions]
        ratios = np.minimum(chosen / np.concatenate([each.chances for each in episodes]), 1.0)
        towards = np.eye(ACTIONS)[actions] - now  # the gradient of log(chosen) by the scores
        self._step(features.T @ (towards * (ratios * advantages)[:, None]) / len(actions))
        return {
            "learner/loss": float(-(ratios * advantages * np.log(chosen)).mean()),
            "learner/entropy": float(-(now * np.log(now)).sum(-1).mean()),
            "learner/policy_lag": float(np.mean([self.version - 1 - each.version for each in episodes])),
            "learner/importance_weight": float(ratios.mean()),
        }

    def _step(self, gradient: np.ndarray) -> None:
        self.version += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient**2
        mean, square = self._mean / (1 - 0.9**self.version), self._square / (1 - 0.999**self.version)
        self.weights = self.weights + self._rate * mean / (np.sqrt(square) + 1e-8)


def _returns(steps: int) -> np.ndarray:
    """Return the discounted sum of the rewards from each step on; each step's reward is 1."""
    return (1 - DISCOUNT ** np.arange(steps, 0, -1)) / (1 - DISCOUNT)


async def train(client: AsyncTora, options: argparse.Namespace) -> int:
    """Learn until the last update, and return how many metrics the other processes have stored."""
    learner = Learner(options.seed, options.rate)
    actor: Any = Actor  # what the decorator makes has no types
    actors = [actor.remote(client, options.seed + number) for number in range(options.actors)]
    evaluator = actor.remote(client, options.seed - 1)
    evaluations = []
    playing = {asyncio.ensure_future(_rolled(each, learner)): each for each in actors}
    episodes: list[Episode] = []
    while learner.version < options.updates:
        back, _ = await asyncio.wait(playing, return_when=asyncio.FIRST_COMPLETED)
        for one in back:
            free = playing.pop(one)
            episodes.append(one.result())
            playing[asyncio.ensure_future(_rolled(free, learner))] = free
        if len(episodes) >= options.batch:
            if learner.version % options.evaluate_every == 0:
                evaluations.append(evaluator.evaluate.remote(learner.weights, learner.version, 10))
            await client.log_metrics(learner.learn(episodes), step=learner.version)
            episodes = []
    await asyncio.gather(*playing, *evaluations)
    return sum(await asyncio.gather(*(each.close.remote() for each in [*actors, evaluator])))


async def _rolled(actor: Any, learner: Learner) -> Episode:
    episode: Episode = await actor.roll_out.remote(learner.weights, learner.version)
    return episode


async def main() -> None:
    """Read the command line, start Ray and train."""
    parser = argparse.ArgumentParser(description="Asynchronous reinforcement learning on Ray, logged by Tora.")
    parser.add_argument("--actors", type=int, default=32)
    parser.add_argument("--updates", type=int, default=150)
    parser.add_argument("--batch", type=int, default=16, help="episodes of an update")
    parser.add_argument("--evaluate-every", type=int, default=10, help="updates between two evaluations")
    parser.add_argument("--rate", type=float, default=0.03)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    ray.init(include_dashboard=False, log_to_driver=False)
    try:
        async with await AsyncTora.create_experiment("ray rollouts", hyperparams=vars(options)) as client:
            print(client.url)
            stored = await train(client, options)
            print(f"{stored + (await client.flush()).stored:,} metrics of {options.actors + 2} processes are stored.")
    finally:
        ray.shutdown()


if __name__ == "__main__":
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    asyncio.run(main())
