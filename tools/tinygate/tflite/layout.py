"""Where the offsets are in every table of the schema (schema.fbs, version 3): what the verifier walks along.

One line per table: its name, then its fields by slot. A number is a scalar of so many bytes; `s` a string; `v4` a
vector of 4-byte numbers; `Name` a table; `[Name` a vector of tables; `|Name` a union, whose type stands in the slot
before; `-` a field that is deprecated. Tables without fields are left out.
"""

from __future__ import annotations

_TABLES = """
    CustomQuantization: v1
    BlockwiseQuantization: 4 4 4 v4
    MultiAxisQuantization: 4 4 4 v4
    QuantizationParameters: v4 v4 v4 v8 1 |QuantizationDetails 4
    Int32Vector: v4
    Uint16Vector: v2
    Uint8Vector: v1
    DimensionMetadata: 1 4 1 |SparseIndexVector 1 |SparseIndexVector
    SparsityParameters: v4 v4 [DimensionMetadata
    VariantSubType: v4 1 1
    Tensor: v4 1 4 s QuantizationParameters 1 SparsityParameters v4 1 [VariantSubType 4
    StablehloGatherOptions: v8 v8 v8 8 v8 1
    StablehloTransposeOptions: v8
    StablehloDotGeneralOptions: v8 v8 v8 v8 v4
    StablehloReduceWindowOptions: v8 v8 v8 v8 v8 4
    StablehloWhileOptions: 4 4
    StablehloSortOptions: 8 1 4
    StablehloConcatenateOptions: 8
    StablehloBroadcastInDimOptions: v8
    StablehloCompareOptions: 4 4
    StablehloDynamicSliceOptions: v8
    StablehloPadOptions: v8 v8 v8
    StablehloIotaOptions: 8
    StablehloCustomCallOptions: s 1 s 4 v4 v1
    StablehloReduceOptions: v8 4
    StablehloSliceOptions: v8 v8 v8
    StablehloConvolutionOptions: v8 v8 v8 v8 v1 8 8 v8 8 8 v8 8 8 v8 8 8 v4
    StablehloScatterOptions: 1 v8 v8 v8 8 1 4
    StablehloCaseOptions: v4
    StablehloRngBitGeneratorOptions: 1
    Conv2DOptions: 1 4 4 1 4 4 1
    Conv3DOptions: 1 4 4 4 1 4 4 4
    Pool2DOptions: 1 4 4 4 4 1
    DepthwiseConv2DOptions: 1 4 4 4 1 4 4
    ConcatEmbeddingsOptions: 4 v4 v4
    LSHProjectionOptions: 1
    SVDFOptions: 4 1 1
    RNNOptions: 1 1
    SequenceRNNOptions: 1 1 1
    BidirectionalSequenceRNNOptions: 1 1 1 1
    FullyConnectedOptions: 1 1 1 1 1 v1
    SoftmaxOptions: 4
    ConcatenationOptions: 4 1
    AddOptions: 1 1
    MulOptions: 1
    L2NormOptions: 1
    LocalResponseNormalizationOptions: 4 4 4 4
    LSTMOptions: 1 4 4 1 1
    UnidirectionalSequenceLSTMOptions: 1 4 4 1 1 1
    BidirectionalSequenceLSTMOptions: 1 4 4 1 1 1
    ResizeBilinearOptions: - - 1 1
    ResizeNearestNeighborOptions: 1 1
    CallOptions: 4
    ReshapeOptions: v4
    SkipGramOptions: 4 4 1
    SpaceToDepthOptions: 4
    DepthToSpaceOptions: 4
    SubOptions: 1 1
    DivOptions: 1
    EmbeddingLookupSparseOptions: 1
    GatherOptions: 4 4
    ReducerOptions: 1
    SqueezeOptions: v4
    SplitOptions: 4
    SplitVOptions: 4
    StridedSliceOptions: 4 4 4 4 4 1
    CastOptions: 1 1
    ArgMaxOptions: 1
    ArgMinOptions: 1
    TransposeConvOptions: 1 4 4 1 1
    SparseToDenseOptions: 1
    ShapeOptions: 1
    FakeQuantOptions: 4 4 4 1
    PackOptions: 4 4
    OneHotOptions: 4
    UnpackOptions: 4 4
    LeakyReluOptions: 4
    MirrorPadOptions: 1
    UniqueOptions: 1
    ReverseSequenceOptions: 4 4
    IfOptions: 4 4
    CallOnceOptions: 4
    WhileOptions: 4 4
    BatchMatMulOptions: 1 1 1
    CumsumOptions: 1 1
    HashtableOptions: 4 1 1
    VarHandleOptions: s s
    RandomOptions: 8 8
    BucketizeOptions: v4
    GeluOptions: 1
    ReduceWindowOptions: 4
    OperatorCode: 1 s 4 4
    StableHLOCompositeOptions: s 4 v1 1 4
    Operator: 4 v4 v4 1 |BuiltinOptions v1 1 v1 v4 8 8 1 |BuiltinOptions2 4
    SubGraph: [Tensor v4 v4 [Operator s 4
    Buffer: v1 8 8
    ExternalBufferGroup: s
    ExternalBuffer: 4 4 8 8 s
    Metadata: s 4
    TensorMap: s 4
    SignatureDef: [TensorMap [TensorMap s - 4
    Model: 4 [OperatorCode [SubGraph s [Buffer v4 [Metadata [SignatureDef [ExternalBufferGroup [ExternalBuffer
"""

_UNIONS = """
    BuiltinOptions: Conv2DOptions DepthwiseConv2DOptions ConcatEmbeddingsOptions LSHProjectionOptions Pool2DOptions
        SVDFOptions RNNOptions FullyConnectedOptions SoftmaxOptions ConcatenationOptions AddOptions L2NormOptions
        LocalResponseNormalizationOptions LSTMOptions ResizeBilinearOptions CallOptions ReshapeOptions
        SkipGramOptions SpaceToDepthOptions EmbeddingLookupSparseOptions MulOptions PadOptions GatherOptions
        BatchToSpaceNDOptions SpaceToBatchNDOptions TransposeOptions ReducerOptions SubOptions DivOptions
        SqueezeOptions SequenceRNNOptions StridedSliceOptions ExpOptions TopKV2Options SplitOptions
        LogSoftmaxOptions CastOptions DequantizeOptions MaximumMinimumOptions ArgMaxOptions LessOptions NegOptions
        PadV2Options GreaterOptions GreaterEqualOptions LessEqualOptions SelectOptions SliceOptions
        TransposeConvOptions SparseToDenseOptions TileOptions ExpandDimsOptions EqualOptions NotEqualOptions
        ShapeOptions PowOptions ArgMinOptions FakeQuantOptions PackOptions LogicalOrOptions OneHotOptions
        LogicalAndOptions LogicalNotOptions UnpackOptions FloorDivOptions SquareOptions ZerosLikeOptions FillOptions
        BidirectionalSequenceLSTMOptions BidirectionalSequenceRNNOptions UnidirectionalSequenceLSTMOptions
        FloorModOptions RangeOptions ResizeNearestNeighborOptions LeakyReluOptions SquaredDifferenceOptions
        MirrorPadOptions AbsOptions SplitVOptions UniqueOptions ReverseV2Options AddNOptions GatherNdOptions
        CosOptions WhereOptions RankOptions ReverseSequenceOptions MatrixDiagOptions QuantizeOptions
        MatrixSetDiagOptions HardSwishOptions IfOptions WhileOptions DepthToSpaceOptions NonMaxSuppressionV4Options
        NonMaxSuppressionV5Options ScatterNdOptions SelectV2Options DensifyOptions SegmentSumOptions
        BatchMatMulOptions CumsumOptions CallOnceOptions BroadcastToOptions Rfft2dOptions Conv3DOptions
        HashtableOptions HashtableFindOptions HashtableImportOptions HashtableSizeOptions VarHandleOptions
        ReadVariableOptions AssignVariableOptions RandomOptions BucketizeOptions GeluOptions
        DynamicUpdateSliceOptions UnsortedSegmentProdOptions UnsortedSegmentMaxOptions UnsortedSegmentMinOptions
        UnsortedSegmentSumOptions ATan2Options SignOptions BitcastOptions BitwiseXorOptions RightShiftOptions
    BuiltinOptions2: StablehloConcatenateOptions StablehloBroadcastInDimOptions StablehloSliceOptions
        StablehloConvolutionOptions StablehloCustomCallOptions StablehloReduceOptions StablehloScatterOptions
        StablehloCompareOptions StablehloDynamicSliceOptions StablehloPadOptions StablehloIotaOptions
        StablehloDotGeneralOptions StablehloReduceWindowOptions StablehloSortOptions StablehloWhileOptions
        StablehloGatherOptions StablehloTransposeOptions DilateOptions StablehloRngBitGeneratorOptions
        ReduceWindowOptions StableHLOCompositeOptions StablehloShiftLeftOptions StablehloCaseOptions
    QuantizationDetails: CustomQuantization BlockwiseQuantization MultiAxisQuantization
    SparseIndexVector: Int32Vector Uint16Vector Uint8Vector
"""


def _entries(text: str) -> dict[str, tuple[str, ...]]:
    entries: dict[str, list[str]] = {}
    for word in text.split():
        if word.endswith(":"):
            entries[word[:-1]] = fields = []
        else:
            fields.append(word)
    return {name: tuple(fields) for name, fields in entries.items()}


LAYOUTS = _entries(_TABLES)
"""Fields of every table by slot."""

UNIONS = _entries(_UNIONS)
"""Members of every union, from type 1."""
