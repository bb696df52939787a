"""The callback of Transformers' trainer, beside the trainer's own history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from tests.integrations.found import experiment
from tests.support.serving import Server
from tora import Tora
from tora.integrations.transformers import ToraCallback, register

TEXTS = [{"input_ids": torch.arange(8) % 5, "labels": torch.arange(8) % 5} for _ in range(8)]


def _trainer(folder: Path, *callbacks: ToraCallback, **settings: Any) -> Trainer:
    config = GPT2Config(vocab_size=5, n_positions=8, n_embd=4, n_layer=1, n_head=1, bos_token_id=0, eos_token_id=1)
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=4,
        per_device_train_batch_size=2,
        logging_steps=1,
        eval_strategy="steps",
        eval_steps=2,
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **settings,
    )
    data: Any = TEXTS
    return Trainer(GPT2LMHeadModel(config), arguments, train_dataset=data, eval_dataset=data, callbacks=list(callbacks))


def _model(trainer: Trainer) -> torch.nn.Module:
    assert trainer.model is not None
    return trainer.model


def _recorded(trainer: Trainer, *before: dict[str, float]) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for entry in (*before, *trainer.state.log_history):
        step = int(entry["step"])
        for name, value in entry.items():
            if name != "step":
                group = f"eval/{name[5:]}" if name.startswith("eval_") else f"train/{name}"
                found.setdefault(group, []).append((step, float(value)))
    return found


def test_report_to_tora(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `register()` the training arguments alone are enough: history, arguments and configuration are there."""
    monkeypatch.delitem(INTEGRATION_TO_CALLBACK, "tora", raising=False)
    monkeypatch.setenv("TORA_SERVER_URL", server.url)
    register()
    trainer = _trainer(tmp_path / "hf run", report_to="tora", learning_rate=0.01)
    trainer.train()
    ended = experiment(server, "hf run")
    trainer.evaluate()
    found = experiment(server, "hf run")
    assert (ended.status, found.status) == ("finished", "finished")
    assert found.points == _recorded(trainer)
    assert [step for step, _ in found.points["train/loss"]] == [1, 2, 3, 4]
    assert [step for step, _ in found.points["eval/loss"]] == [2, 4, 4]
    assert found.hyperparams["learning_rate"] == 0.01
    assert found.hyperparams["model.class"] == "GPT2LMHeadModel"
    assert found.hyperparams["model.n_embd"] == 4
    assert found.hyperparams["model.parameters"] == sum(each.numel() for each in _model(trainer).parameters())


def test_a_client_of_the_caller_is_left_open(server: Server, tmp_path: Path) -> None:
    """The caller's experiment gets all trainings and evaluations, and the caller ends it."""
    with Tora.create_experiment("hf given", hyperparams={"mine": 1}, server_url=server.url) as client:
        trainer = _trainer(tmp_path, ToraCallback(client=client), report_to="none", seed=7)
        trainer.evaluate()
        before = list(trainer.state.log_history)  # a training begins another history
        trainer.train()
        assert not client.is_closed
    found = experiment(server, "hf given")
    assert found.points == _recorded(trainer, *before)
    assert (found.hyperparams["mine"], found.hyperparams["seed"]) == (1, 7)


def test_other_processes_do_nothing(server: Server, tmp_path: Path) -> None:
    """Only the first process of a distributed training makes an experiment."""
    callback = ToraCallback("hf second", server_url=server.url)
    trainer = _trainer(tmp_path, report_to="none")
    trainer.state.is_world_process_zero = False
    told = (trainer.args, trainer.state, trainer.control)
    callback.on_train_begin(*told)
    callback.on_log(*told, {"loss": 1.0}, trainer.model)
    callback.on_evaluate(*told)
    callback.on_train_end(*told)
    assert not callback._recorder.is_open
