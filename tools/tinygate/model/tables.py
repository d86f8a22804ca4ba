"""The tables of model.toml: what each key means, and of which type it is; `tinygate.model.config` reads the whole."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

VariantName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$")]


class Table(BaseModel):
    """A TOML table in which an unknown key or a value of another type is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class VariantConfig(Table):
    """One variant: how it came to be, whether a microcontroller can run it, and what it promises of its interface.

    Attributes:
        io: the type that every input and output must have; None promises nothing.
        method: how `make models` makes it (docs/recipes.md); None for the method of the variant's own name.
    """

    description: str = ""
    host_only: bool = False
    io: Literal["float32", "int8", "uint8", "int16"] | None = None
    method: str | None = None


class RatioRule(Table):
    """`figure` of `variant` divided by that of `relative_to` must lie between `min_ratio` and `max_ratio`."""

    figure: str
    variant: VariantName
    relative_to: VariantName
    places: tuple[str, ...] = Field(min_length=1, strict=False)
    min_ratio: float = Field(0.0, ge=0)
    max_ratio: float = Field(gt=0)

    @property
    def text(self) -> str:
        """The rule in words: "0.98 ≤ qat_int8 / ptq_int8 ≤ 1.02"."""
        low = f"{self.min_ratio:g} ≤ " if self.min_ratio else ""
        return f"{low}{self.variant} / {self.relative_to} ≤ {self.max_ratio:g}"


class Margin(Table):
    """How much of the model's metric `variant` may lose against `relative_to`, in the metric's own unit (points)."""

    variant: VariantName
    relative_to: VariantName
    max_drop_points: float = Field(gt=0)


class AuditConfig(Table):
    """The audit of the .tflite files: findings that are known and accepted, each with its reason."""

    ignore: dict[str, str] = Field(default_factory=dict)


class BaselineConfig(Table):
    """What baseline.json is for (docs/history.md).

    Attributes:
        required_at: places where every variant must have a baseline; elsewhere one is judged by if it is there.
        least_slowdown_percent: what a variant must be slower by than its baseline to fail, besides being proven slower.
    """

    required_at: tuple[str, ...] = Field((), strict=False)
    least_slowdown_percent: float = Field(1.0, gt=0)


class Thresholds(Table):
    """Limits of checks that have no budget.

    Attributes:
        layer_sqnr_db: signal over noise that no layer may fall below, against the margin's reference variant.
        layer_bias_lsb: mean error of a layer, in steps of its scale, that no int8 layer may exceed.
        arena_margin_percent: what an arena must have above the smallest that works, before budgets are held against it.
        stack_free_bytes: stack that the task which runs the model must never have come closer to the end of.
    """

    layer_sqnr_db: float = Field(20.0)
    layer_bias_lsb: float = Field(1.0, gt=0)
    arena_margin_percent: float = Field(0.0, ge=0)
    stack_free_bytes: int = Field(512, ge=0)


class Product(Table):
    """What the product has room for, and what its application takes of it: for `tinygate recommend` and `study`.

    Attributes:
        flash_bytes: flash that the chip offers to the application, the model and TensorFlow Lite Micro.
        ram_bytes: RAM likewise.
        application_flash_bytes: what the application takes without the model and its runtime.
        application_ram_bytes: RAM likewise.
        stack_bytes: of the task that runs the model.
        download_bytes: what an update of the model, packed, may weigh; None for no limit.
        latency_us: what an inference may take; None for no limit.
        max_drop_points: how much of the metric a variant without a margin of its own may lose; None for 2 where the
            metric is a percentage.
    """

    flash_bytes: int = Field(1_048_576, gt=0)
    ram_bytes: int = Field(262_144, gt=0)
    application_flash_bytes: int = Field(0, ge=0)
    application_ram_bytes: int = Field(0, ge=0)
    stack_bytes: int = Field(8_192, ge=0)
    download_bytes: int | None = Field(None, gt=0)
    latency_us: float | None = Field(None, gt=0)
    max_drop_points: float | None = Field(None, gt=0)


class PreprocessingConfig(Table):
    """What a device makes of raw windows, and how near to the host's it must be (docs/preprocessing.md).

    Attributes:
        max_lsb: steps of the input's scale by which a device's input may differ from the host's; of a float32 input,
            units in the last place.
        header: a C header of the team's own, in the model's folder, that devices run in place of the described steps.
    """

    max_lsb: int = Field(0, ge=0)
    header: str = ""


class FirmwareConfig(Table):
    """The application that is judged in place of tinygate's sample (docs/application.md).

    It must fit into `product.flash_bytes` and `product.ram_bytes` unless [budgets] say otherwise.

    Attributes:
        project: the ESP-IDF project's folder, from the model's if relative; it must have the component `tinygate`.
        arguments: what its build is told besides: "-DBOARD=devkit".
        overlays: variant → an sdkconfig file of the project for it, on top of the project's own.
    """

    project: str = Field(min_length=1)
    arguments: tuple[str, ...] = Field((), strict=False)
    overlays: dict[VariantName, str] = Field(default_factory=dict)
