"""The command line of scripts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neonlike import NervanaObject
from neonlike.backends import cleanup_backend, gen_backend
from neonlike.util.argparser import NeonArgparser, extract_valid_args
from neonlike.version import VERSION

Parse = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def parse(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parse]:
    """``parse("-e 3", gen_be=True, **parser_arguments)`` as a script would."""
    logger = logging.getLogger("neonlike")
    before = list(logger.handlers), logger.level, logger.propagate

    def run(line: str = "", gen_be: bool = False, **kwargs: Any) -> Any:
        monkeypatch.setattr(sys, "argv", ["script.py", *line.split()])
        return NeonArgparser("What the script does.", **kwargs).parse_args(gen_be=gen_be)

    yield run
    for handler in set(logger.handlers) - set(before[0]):
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(before[1])
    logger.propagate = before[2]
    cleanup_backend()


def test_defaults(parse: Parse, home: Path) -> None:
    args = parse()
    expected = {
        "verbose": 1,
        "epochs": 10,
        "batch_size": 128,
        "backend": "cpu",
        "threads": None,
        "datatype": np.float32,
        "data_dir": str(home / "nervana" / "data"),
        "rng_seed": None,
        "serialize": 0,
        "save_path": None,
        "history": 1,
        "eval_freq": None,
        "log_thresh": logging.WARNING,
        "progress_bar": True,
        "compat_mode": None,
        "manifest": {},
        "profile_iterations": 50,
        "profile_iter_skip": 5,
        "rounding": False,
    }
    assert {key: getattr(args, key) for key in expected} == expected
    assert args.callback_args == {
        "output_file": None,
        "eval_freq": None,
        "progress_bar": True,
        "save_path": None,
        "serialize": 0,
        "history": 1,
        "model_file": None,
        "log_token": "",
        "checkpoint": None,
        "checkpoint_freq": None,
        "resume": False,
        "dry_run": False,
    }


def test_options(parse: Parse, home: Path) -> None:
    (home / "m.prm").touch()
    args = parse(
        "-e 3 -z 32 -d f64 -r 7 -eval 2 -H 4 -o ~/out.h5 -s ~/sub/a.prm --serialize "
        "--model_file ~/m.prm --no_progress_bar --caffe --manifest train:a/b.csv "
        "--manifest val:c.csv -w /data"
    )
    assert (args.epochs, args.batch_size, args.datatype, args.rng_seed) == (3, 32, np.float64, 7)
    assert (args.eval_freq, args.history, args.serialize) == (2, 4, 1)
    assert (args.compat_mode, args.data_dir) == ("caffe", "/data")
    assert args.manifest == {"train": "a/b.csv", "val": "c.csv"}
    assert args.callback_args["output_file"] == str(home / "out.h5")
    assert args.callback_args["save_path"] == str(home / "sub" / "a.prm")
    assert (home / "sub").is_dir()
    assert args.callback_args["progress_bar"] is False


def test_checkpoints(parse: Parse, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    args = parse("--checkpoint ~/runs/a.safetensors --checkpoint_freq 50 --resume")
    assert args.callback_args["checkpoint"] == str(home / "runs" / "a.safetensors")
    assert (args.callback_args["checkpoint_freq"], args.callback_args["resume"]) == (50, True)
    assert (home / "runs").is_dir()
    with pytest.raises(ValueError, match="--checkpoint PATH"):
        parse("--resume")


def test_dry_run_touches_nothing(parse: Parse, home: Path) -> None:
    before = set(home.iterdir())
    args = parse("--dry_run -s ~/sub/a.prm --checkpoint ~/runs/a.safetensors")
    assert args.callback_args["dry_run"] is True
    assert set(home.iterdir()) == before


def test_scripts_may_have_options_that_neon_did_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["script.py", "--resume", "old.prm"])
    parser = NeonArgparser("What the script does.")
    parser.add_argument("--resume", help="a file, in this script")
    args = parser.parse_args(gen_be=False)
    assert args.resume == "old.prm"
    assert args.callback_args["resume"] is None


def test_priority_of_the_sources(parse: Parse, home: Path) -> None:
    overrides = {"epochs": 1, "batch_size": 1, "history": 1, "rng_seed": 1, "unknown": 1}
    (home / "nervana").mkdir()
    (home / "nervana" / "neon.cfg").write_text("epochs = 2\nbatch_size: 2\nhistory = 2\n")
    (home / "my.cfg").write_text("epochs = 3\nbatch_size = 3\n")
    args = parse("-c my.cfg -e 4", default_overrides=overrides)
    assert (args.epochs, args.batch_size, args.history, args.rng_seed) == (4, 3, 2, 1)


def test_configuration_file(parse: Parse, home: Path) -> None:
    (home / "my.cfg").write_text(
        "# comment\nverbose = 2\nno_progress_bar = true\nmanifest = [train:a, val:b]\n"
        "eval_freq = 3\ndatatype: f16\n"
    )
    args = parse("-c my.cfg")
    assert (args.log_thresh, args.progress_bar) == (logging.DEBUG, False)
    assert args.manifest == {"train": "a", "val": "b"}
    assert (args.eval_freq, args.datatype) == (3, np.float16)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-b gpu", "neonlike computes on the CPU only; use one of cpu, mkl, reference"),
        ("-b cuda", "unknown backend; use one of cpu, mkl, reference"),
        ("-c bad.cfg", "unrecognized arguments: --bogus"),
        ("--bogus 3", "unrecognized arguments: --bogus"),
        ("-d f8", "invalid choice"),
        ("-e many", "invalid int value"),
    ],
)
def test_refused(
    parse: Parse, home: Path, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    (home / "bad.cfg").write_text("bogus = 3\n")
    with pytest.raises(SystemExit) as caught:
        parse(line)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("-u", NotImplementedError, "CPU backend does not support stochastic rounding"),
        ("-u 10", NotImplementedError, "stochastic rounding"),
        ("--model_file none.prm", OSError, "none.prm: there is no such file"),
        ("--manifest train", ValueError, "--manifest train: expected KEY:PATH"),
    ],
)
def test_refused_later(parse: Parse, line: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        parse(line)


def test_saving_needs_both_options(parse: Parse, capsys: pytest.CaptureFixture[str]) -> None:
    args = parse("--serialize 2")
    assert (args.save_path, args.serialize) == ("neon_model.pkl", 2)
    assert "saving to neon_model.pkl" in capsys.readouterr().err
    Path("a.prm").touch()
    args = parse("-s a.prm")
    assert args.serialize == 1
    err = capsys.readouterr().err
    assert "saving every epoch" in err
    assert "a.prm exists" in err


def test_save_path_must_be_writable(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(OSError, match="no permission to write"):
        parse("-s a.prm")


def test_help_and_version(parse: Parse, capsys: pytest.CaptureFixture[str]) -> None:
    for option, texts in {
        "--help": ["What the script does.", "--batch_size", "(default: 128)"],
        "--version": [VERSION],
    }.items():
        with pytest.raises(SystemExit) as caught:
            parse(option)
        assert caught.value.code == 0
        out = capsys.readouterr().out
        assert all(text in out for text in texts)


def test_own_arguments(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    parse: Parse,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["script.py", "net.yaml", "--depth", "5"])
    Path("net.yaml").write_text("layers: []")
    parser = NeonArgparser()
    assert parser.add_argument("--depth", type=int, default=3) is None
    parser.add_yaml_arg()
    parser.add()
    parser.add_arg()
    args = parser.parse_args(gen_be=False)
    assert (args.depth, parser.args) == (5, args)
    assert args.yaml_file.read() == "layers: []"
    args.yaml_file.close()
    assert parser.work_dir == str(home / "nervana")
    monkeypatch.setattr(sys, "argv", ["script.py", "none.yaml"])
    with pytest.raises(SystemExit):
        parser.parse_args()
    assert "cannot open none.yaml: No such file" in capsys.readouterr().err
    logging.getLogger("neonlike").propagate = True  # so that caplog sees it
    parser.add_argument("--late")
    assert "after the options were parsed" in caplog.text


def test_backend_is_created(parse: Parse) -> None:
    parse("-b reference -r 3 -z 16 -d f64 --caffe --numerics strict", gen_be=True)
    be = NervanaObject.be
    assert (be.backend_name, be.bsz, be.rng_seed) == ("reference", 16, 3)
    assert (be.default_dtype, be.compat_mode, be.numerics) == (np.float64, "caffe", "strict")


def test_threads(parse: Parse) -> None:
    from neonlike.backends._threads import get_num_threads, set_num_threads

    before = get_num_threads()
    try:
        parse("-b reference --threads 1", gen_be=True)
        assert get_num_threads() == 1
    finally:
        set_num_threads(before)


def test_extract_valid_args(parse: Parse) -> None:
    args = parse("-b reference -z 8")
    chosen = extract_valid_args(args, gen_backend)
    assert set(chosen) == {
        "backend",
        "rng_seed",
        "datatype",
        "numerics",
        "batch_size",
        "device_id",
        "max_devices",
        "compat_mode",
        "deterministic",
    }
    assert gen_backend(**chosen).bsz == 8

    class Taker:
        def __init__(self, epochs: int, batch_size: int, other: int = 3) -> None:
            pass

    assert extract_valid_args(args, Taker.__init__, startidx=2) == {"batch_size": 8}


def test_log(parse: Parse, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("neonlike")
    for _ in range(2):  # a second set-up replaces the handlers of the first
        parse("-v --no_progress_bar --log ~/logs/my.txt")
    capsys.readouterr()
    logger.info("once")
    err = capsys.readouterr().err
    assert err.count("once") == 1
    assert "neonlike - INFO - once" in err
    assert (home / "logs" / "my.txt").read_text().count("INFO - once") == 1
    parse("-v --log")  # with a progress bar the console shows errors only
    capsys.readouterr()
    logger.warning("a warning")
    logger.display("a message")  # type: ignore[attr-defined]
    err = capsys.readouterr().err
    assert "a warning" not in err
    assert "a message" in err
    assert "a warning" in (home / "nervana" / "neon_log.txt").read_text()


def test_log_of_all_values(parse: Parse, capsys: pytest.CaptureFixture[str]) -> None:
    parse("-v -e 3")
    err = capsys.readouterr().err
    assert "Command Line Args:" in err
    assert "--history:" in err


def test_deterministic_is_deprecated(parse: Parse, capsys: pytest.CaptureFixture[str]) -> None:
    parse("--deterministic")
    assert "deprecated" in capsys.readouterr().err


def test_words_in_a_list_are_refused(home: Path) -> None:
    with pytest.raises(TypeError, match=r"sys\.argv.*\['-e', '3'\]"):
        NeonArgparser("What the script does.").parse_args(["-e", "3"])
