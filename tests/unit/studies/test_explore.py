"""What `explore` computes and shows, on a latent space made for the purpose."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from json_documents import checked

from mcuforge import recipe
from mcuforge.errors import UsageError
from mcuforge.recipe.metrics import psnr
from mcuforge.report import site
from mcuforge.studies.explore import latents, page, projection
from mcuforge.studies.explore.exploration import Exploration, Quality, cross_entropy
from mcuforge.studies.explore.latents import Latents

MODELS = Path(__file__).parents[3] / "models"
sklearn = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="needs the extra models"
)
drawing = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None, reason="needs mcuforge[report]"
)
RNG = np.random.default_rng(9)
LABELS = np.repeat(np.arange(3, dtype=np.uint8), 20)


def clusters(apart: float) -> np.ndarray:
    centres = np.eye(3, 5) * apart
    return np.asarray(centres[LABELS] + RNG.normal(0, 1, (60, 5)), np.float64)


@sklearn
def test_projections_keep_clusters_and_repeat_exactly() -> None:
    far, near = clusters(12), clusters(0)
    found = projection.project(far, LABELS)
    assert [p.method for p in found] == list(projection.METHODS)
    assert all(p.points.shape == (60, 2) and p.silhouette > 0.6 for p in found)
    for a, b in zip(found, projection.project(far, LABELS), strict=True):
        assert np.array_equal(a.points, b.points)
    alike = projection.project(far + 1e-6, LABELS, found)[1].points
    assert all(np.corrcoef(alike[:, i], found[1].points[:, i])[0, 1] > 0.9 for i in (0, 1))
    assert projection.silhouette(near, LABELS) < 0.1 < projection.silhouette(far, LABELS)


def test_losses_are_those_of_the_formulas() -> None:
    certain = Latents(np.zeros((4, 3)), np.zeros((4, 3)))
    assert certain.divergence() == 0.0 and np.array_equal(certain.sigma, np.ones((4, 3)))
    # two nats and a half for mu = 1, sigma = 1, in five dimensions
    assert Latents(np.ones((2, 5)), np.zeros((2, 5))).divergence() == pytest.approx(2.5)
    x = np.array([[1.0, 0.0, 0.5]])
    p = np.array([[0.9, 0.2, 0.5]])
    expected = -(np.log(0.9) + np.log(0.8) + np.log(0.5))
    assert cross_entropy(x, p) == pytest.approx(expected)
    assert cross_entropy(x, np.array([[0.0, 0.0, 0.5]])) < 10  # log 0 is bounded


def exploration(name: str = "vae") -> Exploration:
    def quality(shift: float) -> Quality:
        points = clusters(6)[:, :2] + shift
        made = tuple(projection.Projection(m, points, 0.5) for m in projection.METHODS)
        return Quality(17.0 + shift, 8.0, 18.5, 0.2, made)

    pictures = RNG.random((4, 8, 8, 1), np.float32)
    strips = RNG.random((2, 9, 8, 8, 1), np.float32)
    return Exploration(
        name, "mps2-an386", LABELS, quality(0), quality(0.1), pictures, pictures, pictures,
        strips, ((0, 1), (1, 2)), RNG.random((13, 8, 8, 1), np.float32), 29056,
    )  # fmt: skip


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


@drawing
def test_the_page_holds_every_picture_and_escapes_names() -> None:
    found = exploration("<script>alert(1)</script>")
    drawn = page.draw(found)
    assert [p.name for p in drawn] == [
        "latent-pca.png", "latent-tsne.png", "reconstructions.png", "interpolations.png",
        "generated.png",
    ]  # fmt: skip
    assert all(p.png.startswith(b"\x89PNG") for p in drawn)
    assert [p.png for p in page.draw(found)] == [p.png for p in drawn]
    parsed = _Page()
    html = site.standalone(page.page(found, drawn))
    parsed.feed(html)
    assert parsed.tags.count("script") == 1 and "<script>alert" not in html
    pictures = [source for source in parsed.sources if source.startswith("data:image/png;base64,")]
    assert len(pictures) == len(drawn) and "29,056 bytes" in html
    assert all(source.startswith(("data:", "#")) for source in parsed.sources)


def test_figures_are_told_for_float_and_int8() -> None:
    found = exploration()
    content = page.as_json(found)
    assert content["float"]["reconstruction_nats"] == 17.0 and content["samples"] == 60
    assert content["int8"]["silhouette_tsne"] == 0.5
    rows = {label: (a, b) for label, a, b in page.rows(found)}
    assert rows["reconstruction (BCE), nats"] == ("17.000", "17.100")
    assert "silhouette, PCA" in rows and "silhouette, t-SNE" in rows


def test_models_without_a_latent_space_are_refused() -> None:
    with pytest.raises(UsageError, match="names no encoder"):
        latents.load(recipe.load(MODELS / "autoencoder"))
    loaded = replace(recipe.load(MODELS / "vae"), golden=MODELS / "unet/artifacts/golden.npz")
    with pytest.raises(UsageError, match="no array named 'targets'"):
        latents.load(loaded)
    done = subprocess.run(
        [sys.executable, "-m", "mcuforge", "explore", str(MODELS / "vae/artifacts/model.tflite")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "needs a model folder" in done.stderr


def test_the_shipped_decoder_reconstructs_digits() -> None:
    """Of the committed artefacts, without TensorFlow: what MODEL.md says of the int8 model."""
    from mcuforge import frontend
    from mcuforge.oracle.tflm import TFLM
    from mcuforge.samples import array_files, quantised

    loaded = recipe.load(MODELS / "vae")
    graph = frontend.read_graph(loaded.tflite, "vae")
    golden = array_files.read_array(loaded.golden)
    outputs = TFLM.run(
        loaded.tflite.read_bytes(), quantised.quantize_batch(golden, graph, "golden")
    )
    pictures = quantised.real_outputs(graph, outputs)[0]
    assert psnr(array_files.read_array(loaded.golden, "targets"), pictures) > 18.4
    assert "| PSNR against the digit | 18.50 dB | 18.48 dB | 18.48 dB |" in (
        loaded.folder / "MODEL.md"
    ).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.tensorflow
def test_explore_start_to_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcuforge", "explore", str(MODELS / "vae"), "--json"]
    done = subprocess.run(
        [*command, "-o", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = checked(done.stdout)
    assert found["bytes_compared"] > 20_000
    assert abs(found["float"]["silhouette"] - found["int8"]["silhouette"]) < 0.02
    assert abs(found["float"]["psnr_db"] - found["int8"]["psnr_db"]) < 0.2
    assert (tmp_path / "report" / "explore-vae.html").stat().st_size > 50_000
